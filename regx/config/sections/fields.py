"""What all sections share: strictness, ranges that come more than once, how a union picks its form, seeds."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Strict, Tag

from regx.text import cut

__all__ = [
    "ADDED_LATER",
    "MAX_EPOCHS",
    "MAX_LAYERS",
    "MAX_SEED",
    "MAX_SEEDS",
    "NAME_PATTERN",
    "SEEDS_PATTERN",
    "Factor",
    "PerLayer",
    "Probability",
    "Section",
    "Width",
    "Widths",
    "by_form",
    "by_kind",
    "off",
    "parse_seeds",
]

# Bounds that no sensible run reaches: they turn a slip of the keyboard into a message instead of a
# machine without memory.
MAX_UNITS = 65_536
MAX_LAYERS = 64
MAX_EPOCHS = 100_000
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"  # safe in file names, glob patterns and `sweep:arm`
MAX_SEED = 2**53  # every reader of JSON and YAML agrees on integers up to here


# Marks a setting that was added after the first runs. At its default it is left out of the hash of a config,
# so that a run from before and one that does not use the setting share a folder.
ADDED_LATER = "added later"


class Section(BaseModel):
    """Frozen, strict, unknown keys forbidden."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


# Tags stand in the location of an error; angle brackets tell them from the names of fields.
_FORMS: dict[str, type | tuple[type, ...]] = {
    "<list>": (list, tuple),
    "<settings>": (dict, BaseModel),
    "<text>": str,
}


def by_form(*tags: str) -> Discriminator:
    """Choose the branch of a union by the form of the value; the last takes what is none of the others."""

    def tag(value: Any) -> str:
        return next((tag for tag in tags[:-1] if isinstance(value, _FORMS[tag])), tags[-1])

    return Discriminator(tag)


def _kind(value: Any) -> str | None:
    known = value if isinstance(value, dict) else vars(value) if isinstance(value, BaseModel) else {}
    return f"<{known['kind']}>" if "kind" in known else None


def by_kind(union: Any) -> Any:
    """Choose the section of a union whose `kind` a mapping has."""
    kinds = {section: get_args(section.model_fields["kind"].annotation)[0] for section in get_args(union)}
    branches = tuple(Annotated[section, Tag(f"<{kind}>")] for section, kind in kinds.items())
    return Annotated[Union[branches], Discriminator(_kind)]  # noqa: UP007


Probability = Annotated[float, Field(ge=0, lt=1)]
Factor = Annotated[float, Field(gt=0, le=1)]
Width = Annotated[int, Field(ge=1, le=MAX_UNITS)]
Widths = Annotated[tuple[Width, ...], Strict(False)]  # a YAML list; its items stay strict
PerLayer = Annotated[
    Annotated[Probability, Tag("<number>")]
    | Annotated[tuple[Probability, ...], Strict(False), Field(max_length=MAX_LAYERS), Tag("<list>")],
    by_form("<list>", "<number>"),
]


def off(form: Any, meaning: Any = None, words: tuple[str, ...] = ("none",)) -> BeforeValidator:
    """Let null and words switch something off: `--set optim.max_norm=none` means what it reads.

    Args:
        form: What else the value may be.
        meaning: What null and the words stand for.
        words: The words.
    """

    def read(value: Any) -> Any:
        return meaning if value is None or (isinstance(value, str) and value in words) else value

    written = Literal[words] if words else None
    return BeforeValidator(read, json_schema_input_type=form | written | None)


MAX_SEEDS = 1000  # in one command or one experiment
SEEDS_PATTERN = r"^\s*\d+\s*(-\s*\d+\s*)?(,\s*\d+\s*(-\s*\d+\s*)?)*$"  # for editors; the parser says why not
_LONGEST = 60  # characters that a message repeats
_PART = re.compile(r"(0|[1-9][0-9]*)(?:\s*-\s*(0|[1-9][0-9]*))?")


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read seeds as people write them, `3`, `0-4`, `0,1,5`, `0-2,7`, in the order in which they stand there.

    Args:
        text: Seeds and ranges `first-last`, both ends included, separated by commas.

    Raises:
        ValueError: If it is no such list, a range runs backwards, a seed comes twice or is out of range, or
            there are too many; the message is what a user reads after the place.
    """
    seeds: list[int] = []
    seen: set[int] = set()
    for part in text.split(","):
        for seed in _read_part(part.strip(), text):
            if seed in seen:
                raise ValueError(f"has {seed} twice")
            seen.add(seed)
            seeds.append(seed)
            if len(seeds) > MAX_SEEDS:
                raise ValueError(f"has too many seeds; at most {MAX_SEEDS:,} are allowed")
    return tuple(seeds)


def _read_part(part: str, text: str) -> Iterator[int]:
    """Read one seed, or one range."""
    if re.fullmatch(r"-[0-9]+", part):
        raise ValueError(f"must be >= 0 (got {cut(part, _LONGEST)})")
    found = _PART.fullmatch(part)
    if found is None:
        raise ValueError(f"must be a seed, a range or several: 3, 0-4 or 0,1,5 (got {cut(text, _LONGEST)!r})")
    ends = [end for end in found.groups() if end is not None]
    for end in ends:
        if len(end) > len(str(MAX_SEED)) or int(end) > MAX_SEED:
            raise ValueError(f"must be <= {MAX_SEED} (got {cut(end, _LONGEST)})")
    first, last = int(ends[0]), int(ends[-1])
    if last < first:
        raise ValueError(f"{first}-{last} runs backwards: write {last}-{first}")
    return iter(range(first, last + 1))
