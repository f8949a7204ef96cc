"""What to write instead of a wrong word: misspelt or misplaced keys, names from other tools and papers."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regx.config.schema import settings_of
from regx.reading import read_beside
from regx.text import known_hint, near_key, nearest

__all__ = [
    "Words",
    "choice_hint",
    "example_for",
    "foreign_answer",
    "number_hint",
    "read_words",
    "seeds_hint",
    "unknown_experiment_key",
    "unknown_key",
]

_NOT_A_SETTING = {
    "<<": "merge keys are not read; use `extends: other.yaml`",
    "extends": "belongs at the top of a file and cannot be overridden",
}
_BARE_P = "write `drop_prob` for the probability of zeroing (torch's p), or 1 - p for Srivastava's p"
_ONLY_INSIDE = frozenset({"p", "rate", "keep", "drop"})  # elsewhere they may mean anything
_COMMON = frozenset(
    {"kind", "size", "start", "end", "steps", "epoch", "eps", "input", "conv", "hidden", "noise"}
)
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Words:
    """What stands in words.yaml.

    Attributes:
        settings: Mapping of a config, or `everywhere` -> word -> what to write instead.
        dropout: Word -> `zeroing` or `keeping`, which is what it is the probability of.
        choices: Word -> the choice that it means.
        no_choices: Words that look like a choice and are none.
        experiment: Word -> the keys of an experiment that it may mean.
        examples: Form of a value -> section -> how to write it.
    """

    settings: Mapping[str, Mapping[str, str]]
    dropout: Mapping[str, str]
    choices: Mapping[str, str]
    no_choices: frozenset[str]
    experiment: Mapping[str, str]
    examples: Mapping[str, Mapping[str, str]]


@functools.cache
def read_words() -> Words:
    """Read words.yaml, which takes a moment: only who wrote something unknown waits for it."""
    content = read_beside(__file__, "words.yaml")
    settings: dict[str, dict[str, str]] = {}
    for places, answers in content["settings"].items():
        for place in places.split():
            settings.setdefault("" if place == "top" else place, {}).update(_by_word(answers))
    return Words(
        settings=settings,
        dropout=_by_word(content["dropout"]),
        choices=_by_word(content["choices"]),
        no_choices=frozenset(content["no_choices"].split()),
        experiment=_by_word(content["experiment"]),
        examples=content["examples"],
    )


def _by_word(answers: Mapping[str, str]) -> dict[str, str]:
    return {word: answer for answer, words in answers.items() for word in words.split()}


def foreign_answer(parent: str, key: str, value: Any) -> str:
    """Return the answer to a word that stands in a mapping: a path, a sentence, or nothing.

    Args:
        parent: Dotted path of the mapping; empty for the top level.
        key: The word, as the file has it.
        value: Its value: `optimizer: {lr: 0.1}` is a section under another name, `optimizer: adam` is not.
    """
    word, settings = _lower(key), read_words().settings
    answer = settings.get(parent, {}).get(word) or settings["everywhere"].get(word, "")
    if not parent and "." not in answer and not isinstance(value, dict):
        return settings.get(answer, {}).get(word) or settings["everywhere"].get(word, answer)
    return answer


def _lower(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")


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
    answer = _dropout(parent, _lower(key), value) or _foreign(parent, key, value, siblings)
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
    alias = read_words().experiment.get(_lower(key))
    if alias in siblings:
        return f"unknown key; write `{alias}`"
    if not parent and (hint := _of_a_run(key, value)):
        return f"unknown key; {hint}"
    return f"unknown key ({known_hint(key, siblings, near_key)})"


def seeds_hint(path: str, value: object) -> str:
    """Return how to ask for several seeds, if they were given instead of one number; or nothing."""
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
    word, words = _lower(value), read_words()
    word = word if word in choices else words.choices.get(word, word)
    near = nearest(word, choices)
    return f"; did you mean {near!r}?" if near and word not in words.no_choices else ""


def example_for(path: str, value: object) -> str:
    """Return how to write a single value as a mapping, or nothing."""
    if isinstance(value, dict | list | bool) or value is None or len(str(value)) > 40:
        return ""
    words = read_words()
    if path == "optim.lr_decay":
        kinds = words.examples["decay"]
        kind = words.choices.get(str(value).lower(), str(value))
        return f": write {kinds.get(kind, kinds['exponential'])}"
    example = words.examples["word" if isinstance(value, str) else "number"].get(path, "")
    return f": write {example.replace('@', str(value))}" if example else ""


def number_hint(value: object) -> str:
    """Return `: write 0.1` for text that was meant as a number, or nothing."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return f": write {value:.0f}"
    digits = value.replace("_", "") if isinstance(value, str) else ""
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", digits):  # 50,000
        digits = digits.replace(",", "")
    elif digits.count(",") == 1:  # 0,1
        digits = digits.replace(",", ".")
    return f": write {digits}" if _NUMBER.fullmatch(digits) else ""


def _dropout(parent: str, key: str, value: Any) -> str:
    """Return how to write dropout, or nothing. A probability of keeping is turned into one of zeroing."""
    is_inside = parent.startswith("model")
    under = "" if is_inside else " under model"
    if not is_inside and key in _ONLY_INSIDE:
        return ""
    if key == "p":
        return _BARE_P
    meaning = read_words().dropout.get(key)
    if meaning is None:
        return ""
    is_keep = meaning == "keeping"
    note = "Srivastava's p is 1 - drop_prob" if is_keep else "the probability of zeroing"
    return f"write `{_drop_prob(value, parent, is_keep=is_keep)}`{under} ({note})"


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
    """Say where a setting of the run belongs, also under another tool's name; or nothing."""
    if key == "seed":
        return "write `seeds`"
    path = next((setting.path for setting in settings_of() if setting.path == key), "")
    path = path or foreign_answer("", key, value) or _in_a_section(key)
    if " " in path or not path:
        return path
    name = f".{next(iter(value))}" if isinstance(value, dict) and value else ""
    return f"a setting of the run stands under `set`, as a dotted path: `set: {{{path}{name}: ...}}`"


def _in_a_section(key: str) -> str:
    """Return the path of a key that only one section of a run has, or nothing."""
    paths = {
        setting.path for setting in settings_of() if setting.name == key and setting.path.count(".") == 1
    }
    return paths.pop() if len(paths) == 1 else ""
