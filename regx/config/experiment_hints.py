"""What to write instead of a key that an experiment does not have."""

from typing import Any

from regx.config.foreign import foreign_answer
from regx.config.hints import near_key
from regx.config.settings import settings_of

__all__ = ["unknown_experiment_key"]

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
