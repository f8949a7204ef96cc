"""What to write instead: near misses, keys that belong elsewhere, and names from other tools and papers."""

import re
from collections.abc import Collection, Iterable
from typing import Any

from regx.config.foreign import OTHER_THINGS, SYNONYMS, foreign_answer
from regx.config.settings import settings_of
from regx.text import nearest

__all__ = [
    "arm_hint",
    "choice_hint",
    "example_for",
    "near_key",
    "number_hint",
    "seeds_hint",
    "unknown_experiment_key",
    "unknown_key",
]

_DROPOUT = frozenset({"dropout", "dropout_rate", "dropout_prob", "drop", "drop_rate", "droprate", "rate"})
_KEEP = frozenset({"keep_prob", "keep", "keep_rate", "retain_prob", "retention", "keep_probability"})
_NOT_A_SETTING = {
    "<<": "merge keys are not read; use `extends: other.yaml`",
    "extends": "stands at the top level of a file, and cannot be overridden",
}
_BARE_P = "write `drop_prob` for the probability of zeroing (torch's p), or 1 - p for Srivastava's p"
_ONLY_INSIDE = frozenset({"p", "rate", "keep", "drop"})  # elsewhere they may mean anything
_COMMON = frozenset(
    {"kind", "size", "start", "end", "steps", "epoch", "eps", "input", "conv", "hidden", "noise"}
)
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
# How to write a section of which only its main value was given.
_EXAMPLES: dict[str, str] = {
    "data": "{{name: {}}}",
    "model": "{{family: {}}}",
    "model.pool": "{{size: {0}, stride: {0}}}",
    "model.batch_norm.noise": "{{mean_sd: {}, scale_max: 1.25}}",
    "model.drop_prob": "{{hidden: {}}}",
    "model.drop_mask": "{{kind: fixed, from_epoch: 1}}",
    "model.init": "{{scheme: {}}}",
    "optim": "{{lr: {}}}",
    "train": "{{epochs: {}}}",
    "train.stop_if": "{{epoch: {}, train_loss_above: 2}}",
}
_OF_WORDS = frozenset(
    {"data", "model", "model.drop_mask", "model.init"}
)  # the others' main value is a number
_DECAYS = {
    "none": "{kind: none}",
    "exponential": "{kind: exponential, factor: 0.95}",
    "step": "{kind: step, factor: 0.1, every_epochs: 10}",
    "inverse_time": "{kind: inverse_time, half_life_steps: 5000}",
    "linear": "{kind: linear}",
    "cosine": "{kind: cosine}",
}

# Words for the keys of an experiment.
_ALIASES = {
    "base": "config extends baseline base_config run",
    "set": "override overrides settings common shared",
    "arms": "arm groups conditions variants treatments",
    "grid": "axes axis sweep factors ladder cross",
    "tune": "tuning search hpo hyperparameters",
    "seeds": "repeats repetitions replicates num_seeds n_seeds",
    "tiers": "tier scales sizes",
    "question": "description title says about",
    "over": "grid axes space search_space params",
    "by": "metric measure objective monitor",
    "extend": "extensions extended",
    "max_extensions": "max_extend max_steps",
    "follow": "follows like same_as",
    "claims": "claim hypotheses hypothesis",
    "contrast": "compare comparison difference arms",
    "smallest_effect": "delta sesoi effect min_effect at_least",
    "not_worse_than": "noninferiority non_inferiority margin not_below",
    "within": "equivalence band tolerance",
    "and": "also parts and_also",
    "says": "sentence claim statement text",
    "quote": "quotation exact",
    "source": "paper reference origin",
    "family": "holm group",
    "beside": "secondary report also_report lines",
}
_ALIAS_OF = {alias: key for key, aliases in _ALIASES.items() for alias in aliases.split()}


def unknown_key(parent: str, key: str, value: Any, siblings: tuple[str, ...]) -> str:
    """Explain a key that does not exist.

    Args:
        parent: Dotted path of the mapping that it stands in; empty for the document.
        key: The key.
        value: What was to be set.
        siblings: The keys that the mapping may have.
    """
    if key in _NOT_A_SETTING:
        return _NOT_A_SETTING[key]
    answer = _dropout(parent, key.lower().replace("-", "_"), value) or _foreign(parent, key, value, siblings)
    if answer:
        return f"unknown key; {answer}"
    if near := near_key(key, siblings):
        return f"unknown key (did you mean {near!r}?)"
    parents = [setting.path.rpartition(".")[0] for setting in settings_of() if setting.name == key]
    if set(parents) == {parent}:  # under this very mapping it is one of another kind
        return f"does not belong to this kind (known here: {', '.join(siblings)})"
    parents = [path for path in parents if "." not in path or key not in _COMMON]
    if parents:
        return f"unknown key here; it belongs {' or '.join(map(_under, dict.fromkeys(parents)))}"
    return f"unknown key (known here: {', '.join(siblings)})"


def unknown_experiment_key(parent: str, key: str, value: Any, siblings: tuple[str, ...]) -> str:
    """Explain a key that an experiment does not have.

    Args:
        parent: Dotted path of the mapping that it stands in; empty for the document.
        key: The key.
        value: What was to be set.
        siblings: The keys that the mapping may have.
    """
    special = _special(parent, key)
    if special:
        return special
    alias = _ALIAS_OF.get(key.lower().replace("-", "_"))
    if alias in siblings:
        return f"unknown key; write `{alias}`"
    if not parent and (hint := _of_a_run(key, value)):
        return f"unknown key; {hint}"
    near = near_key(key, siblings)
    hint = f"did you mean {near!r}?" if near else f"known here: {', '.join(siblings)}"
    return f"unknown key ({hint})"


def near_key(key: str, known: Iterable[str]) -> str:
    """Return the known key that a slip of the keyboard made this of, or nothing.

    Another word that shares some letters is none: the first letter is seldom missed, so `steps` is no `eps`.
    """
    near = nearest(key, known, cutoff=0.75)
    return near if near[:1] == key[:1] or nearest(key, [near], cutoff=0.85) else ""


def arm_hint(name: str, arms: Collection[str]) -> str:
    """Return the arm that is meant where a name is none, or all that there are."""
    near = nearest(name, arms)
    return f"did you mean {near!r}?" if near else f"known here: {', '.join(arms)}"


def seeds_hint(path: str, value: object) -> str:
    """Return how to ask for several seeds where one number belongs, or nothing."""
    is_many = isinstance(value, list) or (
        isinstance(value, str) and re.search(r"[0-9]\s*[-,]\s*[0-9]", value)
    )
    if not is_many:
        return ""
    if path == "seed":
        return "; `regx train FILE --seed 0-4` trains several"
    return ": write a range without brackets, `seeds: 0-4,7`" if path.endswith("seeds") else ""


def choice_hint(value: object, choices: tuple[str, ...]) -> str:
    """Return `; did you mean 'relu'?`, or nothing."""
    if not isinstance(value, str):
        return ""
    word = value.lower().replace("-", "_").replace(" ", "_")
    word = word if word in choices else SYNONYMS.get(word, word)
    near = nearest(word, choices)
    return f"; did you mean {near!r}?" if near and word not in OTHER_THINGS else ""


def example_for(path: str, value: object) -> str:
    """Return how to write as a mapping what was given as a single value, or nothing."""
    if isinstance(value, dict | list | bool) or value is None or len(str(value)) > 40:
        return ""
    if path == "optim.lr_decay":
        word = SYNONYMS.get(str(value).lower(), str(value))
        return f": write {_DECAYS.get(word, _DECAYS['exponential'])}"
    if path == "optim" and isinstance(value, str):
        return ": write {lr: 0.1}; regx has SGD only"
    if path not in _EXAMPLES or isinstance(value, str) != (path in _OF_WORDS):
        return ""
    return f": write {_EXAMPLES[path].format(value)}"


def number_hint(value: object) -> str:
    """Return `: write 0.1` for what was meant as a number but not written as one, or nothing."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return f": write {value:.0f}"
    digits = value.replace("_", "") if isinstance(value, str) else ""
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", digits):  # 50,000
        digits = digits.replace(",", "")
    elif digits.count(",") == 1:  # 0,1
        digits = digits.replace(",", ".")
    return f": write {digits}" if _NUMBER.fullmatch(digits) else ""


def _dropout(parent: str, key: str, value: Any) -> str:
    """Return how to write dropout, whose rate is turned round where it was that of keeping; or nothing."""
    is_inside = parent.startswith("model")
    under = "" if is_inside else " under model"
    if not is_inside and key in _ONLY_INSIDE:
        return ""
    if key == "p":
        return _BARE_P
    if key in _KEEP:
        return f"write `{_drop_prob(value, parent, is_keep=True)}`{under} (Srivastava's p is 1 - drop_prob)"
    if key in _DROPOUT:
        return f"write `{_drop_prob(value, parent, is_keep=False)}`{under} (the probability of zeroing)"
    return ""


def _foreign(parent: str, key: str, value: Any, siblings: tuple[str, ...]) -> str:
    """Return what to write for a word from another tool or paper, or nothing."""
    answer = foreign_answer(parent, key, value)
    if " " in answer or not answer:
        return answer
    section, _, name = answer.rpartition(".")
    if section != parent:
        return f"write `{name}` {_under(section)}"
    return f"write `{name}`" if name in siblings else ""


def _under(section: str) -> str:
    return f"under {section}" if section else "at the top level"


def _drop_prob(value: Any, parent: str, *, is_keep: bool) -> str:
    """Write a probability, or a mapping of them, as `drop_prob` has it."""
    if isinstance(value, dict):
        slots = ", ".join(f"{slot}: {_zeroing(item, is_keep)}" for slot, item in value.items())
        return f"drop_prob: {{{slots}}}"
    words = f"hidden: {_zeroing(value, is_keep)}"
    return words if parent == "model.drop_prob" else f"drop_prob: {{{words}}}"


def _zeroing(value: Any, is_keep: bool) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return "0.5"
    return f"{1 - value if is_keep else value:.12g}"


def _special(parent: str, key: str) -> str:
    if parent == "tiers":
        return "no such tier; there are smoke, cpu and gpu"
    if parent.startswith("tiers.") and key == "arms":
        return "a tier cannot change the arms: they are the question"
    return "merge keys are not read" if key == "<<" else ""


def _of_a_run(key: str, value: Any) -> str:
    """Say where a setting of the run goes, whatever it is called elsewhere, or nothing."""
    if key == "seed":
        return "write `seeds`"
    path = next((setting.path for setting in settings_of() if setting.path == key), "")
    path = path or foreign_answer("", key, value) or _in_a_section(key)
    if " " in path or not path:
        return path
    name = f".{next(iter(value))}" if isinstance(value, dict) and value else ""
    return f"a setting of the run stands under `set`, as a dotted path: `set: {{{path}{name}: ...}}`"


def _in_a_section(key: str) -> str:
    """Return the path of a key that one section of a run has, and no other; or nothing."""
    paths = {
        setting.path for setting in settings_of() if setting.name == key and setting.path.count(".") == 1
    }
    return paths.pop() if len(paths) == 1 else ""
