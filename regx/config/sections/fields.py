"""What all sections share: strictness, ranges that come more than once, and how a union picks its form."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Strict, Tag

__all__ = [
    "ADDED_LATER",
    "MAX_EPOCHS",
    "MAX_LAYERS",
    "MAX_SEED",
    "NAME_PATTERN",
    "Factor",
    "PerLayer",
    "Probability",
    "Section",
    "Width",
    "Widths",
    "optional",
]

# Bounds that no sensible run reaches: they turn a slip of the keyboard into a message instead of a
# machine without memory.
MAX_UNITS = 65_536
MAX_LAYERS = 64
MAX_EPOCHS = 100_000
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"  # safe in file names, glob patterns and `sweep:arm`
MAX_SEED = 2**53  # every reader of JSON and YAML agrees on integers up to here


# In the annotation of a setting that is younger than the first runs: at its default it leaves no trace in the
# hash of a config, so that a run that never knew the setting and one that leaves it alone share a folder.
ADDED_LATER = "added later"


class Section(BaseModel):
    """Frozen, strict, unknown keys forbidden."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


def _number_or_list(value: Any) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<number>"


def _none_is_null(value: Any) -> Any:
    return None if value == "none" else value


Probability = Annotated[float, Field(ge=0, lt=1)]
Factor = Annotated[float, Field(gt=0, le=1)]
Width = Annotated[int, Field(ge=1, le=MAX_UNITS)]
Widths = Annotated[tuple[Width, ...], Strict(False)]  # a YAML list; its items stay strict
# Tags stand in the location of an error; angle brackets tell them from the names of fields.
PerLayer = Annotated[
    Annotated[Probability, Tag("<number>")]
    | Annotated[tuple[Probability, ...], Strict(False), Field(max_length=MAX_LAYERS), Tag("<list>")],
    Discriminator(_number_or_list),
]


def optional(number: Any) -> BeforeValidator:
    """Let `none` switch an optional number off too: `--set optim.max_norm=none` means what it reads."""
    return BeforeValidator(_none_is_null, json_schema_input_type=number | Literal["none"] | None)
