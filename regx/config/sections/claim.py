"""`claims` of an experiment: a sentence, what is measured for it, and the rule that judges it."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, Strict, Tag
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from regx.config.errors import KeyPath
from regx.config.sections.fields import Section, by_form

__all__ = [
    "CLAIM_ID",
    "CRITERIA",
    "IF_CENSORED",
    "PROSE",
    "Amount",
    "BesideConfig",
    "ClaimConfig",
    "Contrast",
    "PartConfig",
    "PublishedConfig",
]

CLAIM_ID = r"^[A-Z][A-Z0-9_]{1,15}$"
# Keys of a claim that do not judge: changing them leaves the verdict as it is.
PROSE = frozenset(
    {"says", "quote", "source", "published", "deviations", "traps", "expected", "beside", "label"}
)
# What a part must be, one of them.
CRITERIA = ("smallest_effect", "not_worse_than", "within", "always")
IF_CENSORED = "if censored"


Form = Literal["value", "difference", "ln", "log2"]

_ARM = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_SIDE = rf"best\(\s*{_ARM}(?:\s*,\s*{_ARM})+\s*\)|{_ARM}"
_FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("ln", re.compile(rf"ln\(\s*({_SIDE})\s*/\s*({_SIDE})\s*\)")),
    ("log2", re.compile(rf"log2\(\s*({_SIDE})\s*/\s*({_SIDE})\s*\)")),
    ("difference", re.compile(rf"({_SIDE})\s+-\s+({_SIDE})")),
    ("value", re.compile(rf"({_SIDE})")),
)
_NUMBER = r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_LOGARITHM = re.compile(rf"(ln|log2)\s+({_NUMBER})")
_SHARE = re.compile(rf"({_NUMBER})\s*%\s+of\s+({_ARM})")


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One number per seed, from the numbers of one arm or two, e.g. `ln(none / dropout)`.

    Positive favours the claim.

    Attributes:
        text: As the file has it.
        form: `value` of one arm, `difference` of two, or `ln` or `log2` of the quotient of two.
        first: Names of the first arm; several where the best of them is meant.
        second: The same of the second arm; None for the value of one arm.
    """

    text: str
    form: Form
    first: tuple[str, ...]
    second: tuple[str, ...] | None = None

    @property
    def sides(self) -> tuple[tuple[str, ...], ...]:
        """The one side, or both."""
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def arms(self) -> tuple[str, ...]:
        """Every arm that is named, each once."""
        return tuple(dict.fromkeys(arm for side in self.sides for arm in side))

    def of(self, first: float, second: float | None = None) -> float | None:
        """Contrast the numbers of one seed; None where a quotient has no logarithm."""
        if self.form == "value" or second is None:
            return first
        if self.form == "difference":
            return first - second
        if not (first > 0 and second > 0):
            return None
        return math.log(first / second) if self.form == "ln" else math.log2(first / second)

    @classmethod
    def parse(cls, text: str) -> "Contrast":
        """Read a contrast.

        Raises:
            PydanticCustomError: If it has none of the forms.
        """
        for form, pattern in _FORMS:
            if found := pattern.fullmatch(text.strip()):
                first, *second = map(_arms, found.groups())
                return cls(text=text, form=form, first=first, second=second[0] if second else None)
        raise PydanticCustomError(
            "contrast",
            "must be `A`, `A - B` (with spaces around the minus), `ln(A / B)` or `log2(A / B)`, "
            "where A and B are arms or `best(arm, arm)`",
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        """Let a section have a field of this type, which a file writes as a text."""
        return core_schema.no_info_after_validator_function(
            cls.parse,
            core_schema.str_schema(strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda contrast: contrast.text),
        )


def _arms(side: str) -> tuple[str, ...]:
    inside = re.fullmatch(r"best\((.*)\)", side)
    return tuple(arm.strip() for arm in inside[1].split(",")) if inside else (side,)


_AmountText = Annotated[
    Annotated[float, Field(gt=0), Tag("<number>")] | Annotated[str, Tag("<text>")],
    by_form("<text>", "<number>"),
]


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much would matter, e.g. 0.01, `ln 1.05`, or `10% of none`.

    Attributes:
        text: As the file has it.
        value: The number itself, in the unit of the contrast, or the share of an arm's mean.
        share_of: Arm whose mean on the tuning seeds it is a share of; None for a plain number.
    """

    text: float | str
    value: float
    share_of: str | None = None

    @classmethod
    def parse(cls, text: float | str) -> "Amount":
        """Read an amount: a number, `ln 1.05`, `log2 5`, or `10% of ARM`.

        Raises:
            PydanticCustomError: If it has none of the forms, or is not > 0.
        """
        amount = cls._parse_words(text) if isinstance(text, str) else cls(text=text, value=float(text))
        if amount is None:
            raise PydanticCustomError("amount", "must be a number, `ln X`, `log2 X` or `P% of ARM`")
        if not 0 < amount.value < math.inf:
            raise PydanticCustomError("amount", "must be > 0")
        return amount

    @classmethod
    def _parse_words(cls, text: str) -> "Amount | None":
        if found := _LOGARITHM.fullmatch(text.strip()):
            number = float(found[2])
            log = math.log if found[1] == "ln" else math.log2
            return cls(text=text, value=log(number) if number > 0 else 0.0)
        if found := _SHARE.fullmatch(text.strip()):
            return cls(text=text, value=float(found[1]) / 100, share_of=found[2])
        return None

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let a section have a field of this type, which a file writes as a number or a text."""
        return core_schema.no_info_after_validator_function(
            cls.parse,
            handler.generate_schema(_AmountText),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda amount: amount.text),
        )


_Texts = Annotated[tuple[str, ...], Strict(False)]
_Measure = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[tuple[str, ...], Strict(False), Field(min_length=2, max_length=2), Tag("<list>")],
    by_form("<list>", "<text>"),
]


class PartConfig(Section):
    """One comparison: a measure, the arms, and what has to come out."""

    measure: _Measure = Field(
        description=(
            "Name of the measure: one number per arm and seed. A list of two, if the two sides of the "
            "contrast are measured differently. docs/claims_format.md lists them."
        ),
    )
    contrast: Contrast = Field(
        description=(
            "`A`, `A - B`, `ln(A / B)` or `log2(A / B)` of arms. Positive must favour the claim. "
            "`best(x, y)` is the arm that was best on the tuning seeds."
        ),
    )
    smallest_effect: Amount | None = Field(
        default=None,
        description=(
            "The contrast must be at least this: a number in its unit, `ln 1.05`, `log2 5`, or "
            "`10% of ARM` (of that arm's mean on the tuning seeds)."
        ),
    )
    not_worse_than: Amount | None = Field(
        default=None, description="The contrast must not be below zero by more than this; the same forms."
    )
    within: Amount | None = Field(
        default=None, description="The contrast must be within this distance of zero; the same forms."
    )
    always: float | None = Field(
        default=None, description="The contrast must be exactly this number under every seed. For controls."
    )
    grid_step: float | None = Field(
        default=None,
        gt=0,
        description=(
            "Results can only be this far apart, in the unit of the contrast. Their standard deviation "
            "then counts as at least step / sqrt(12)."
        ),
    )
    cells: dict[str, Any] = Field(
        default={},
        description="Only these cells of the arms' grids: dotted path -> value or list of values.",
    )
    reference: dict[str, Any] = Field(
        default={}, description="The cell that `drop(...)` compares the others with: dotted path -> value."
    )
    target: Amount | None = Field(
        default=None,
        description=(
            "For times to a target: a validation error, or `95% of ARM` (of that arm's mean final "
            "validation accuracy on the tuning seeds). Parts without one use the claim's."
        ),
    )
    train_loss: float | None = Field(
        default=None,
        gt=0,
        description=(
            "Training loss, in nats, at which `matched_gap` is taken and `steps_to_train_loss` ends. "
            "Parts without one use the claim's."
        ),
    )

    @property
    def criteria(self) -> tuple[str, ...]:
        """The keys that say what has to come out; one of them where the file is right."""
        return tuple(key for key in CRITERIA if getattr(self, key) is not None)


class BesideConfig(PartConfig):
    """A comparison that is reported beside the claim and decides nothing; its criterion may be left out."""

    label: str = Field(min_length=1, description="What it shows, in a few words.")


class PublishedConfig(Section):
    """What the source reports."""

    figures: str = Field(min_length=1, description="The numbers, with their setting.")
    where: str = Field(min_length=1, description="Paper, section, table or figure.")
    verified: Literal["read", "secondary", "memory"] = Field(
        description="`read` in the source itself, in a `secondary` text about it, or from `memory`."
    )


class ClaimConfig(PartConfig):
    """A sentence, the comparison that tests it, and the rule that judges it, fixed before the runs."""

    id: str = Field(
        pattern=CLAIM_ID,
        description="Must be unique over all experiments: a capital letter, then capitals, digits and `_`.",
    )
    says: str = Field(default="", description="The sentence, short and plain. Needed without `part_of`.")
    quote: str = Field(default="", description="The exact words that are tested.")
    source: str = Field(
        default="", description="Paper, section, table or figure that it rests on. Needed without `part_of`."
    )
    family: str = Field(
        default="",
        description=("p-values are corrected by Holm over the claims of a family. Needed without `part_of`."),
    )
    and_also: Annotated[tuple[PartConfig, ...], Strict(False)] = Field(
        default=(), alias="and", description="More parts. The claim holds if all of them do."
    )
    if_censored: PartConfig | None = Field(
        default=None,
        description=(
            "The part that is judged instead of the first one, if more than a fifth of the seeds of an "
            "arm never reach the target."
        ),
    )
    any_of: _Texts = Field(
        default=(),
        description=(
            "Ids of claims that test the same in other settings, each with `part_of` this one. It is "
            "enough if one of all settings holds."
        ),
    )
    part_of: str | None = Field(
        default=None,
        description="Id of the claim that this is one more setting of. It counts with that claim.",
    )
    beside: Annotated[tuple[BesideConfig, ...], Strict(False)] = Field(
        default=(), description="Comparisons that are reported and decide nothing."
    )
    published: Annotated[tuple[PublishedConfig, ...], Strict(False)] = Field(
        default=(), description="What the source reports, shown beside what is measured here."
    )
    deviations: _Texts = Field(
        default=(), description="How the experiment differs from that of the source. Numbered in the output."
    )
    traps: _Texts = Field(
        default=(), description="What could make the comparison unfair, and what prevents it."
    )
    expected: str = Field(default="", description="The prediction, written before the runs.")

    @property
    def parts(self) -> tuple[PartConfig, ...]:
        """Everything that must hold, the claim's own comparison first."""
        return (self, *self.and_also)

    def named_parts(self) -> Iterator[tuple[str, KeyPath, PartConfig]]:
        """List every comparison: its name in the results, where in the claim it stands, what it says."""
        yield "1", (), self
        for index, part in enumerate(self.and_also):
            yield str(index + 2), ("and", index), part
        if self.if_censored is not None:
            yield IF_CENSORED, ("if_censored",), self.if_censored
        for index, part in enumerate(self.beside):
            yield f"beside {index + 1}", ("beside", index), part

    def label(self, path: KeyPath) -> str:
        """Name a place inside the claim in a message: `C01: and[0]: contrast`."""
        words = [self.id]
        for part in path:
            if isinstance(part, str):
                words.append(part)
            elif words[-1] in ("and", "beside"):
                words[-1] += f"[{part}]"
        return ": ".join(words)
