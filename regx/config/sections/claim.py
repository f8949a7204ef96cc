"""`claims` of an experiment: a sentence, what is measured for it, and the rule that judges it."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Strict, Tag

from regx.config.sections.fields import Section

__all__ = ["CLAIM_ID", "CRITERIA", "PROSE", "BesideConfig", "ClaimConfig", "PartConfig", "PublishedConfig"]

CLAIM_ID = r"^[A-Z][A-Z0-9_]{1,15}$"
# Keys of a claim that do not judge: changing them leaves the verdict as it is.
PROSE = frozenset(
    {"says", "quote", "source", "published", "deviations", "traps", "expected", "beside", "label"}
)
# What a part must be, one of them.
CRITERIA = ("smallest_effect", "not_worse_than", "within", "always")


def _number_or_text(value: Any) -> str:
    return "<text>" if isinstance(value, str) else "<number>"


def _list_or_text(value: Any) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<text>"


_Amount = Annotated[
    Annotated[float, Field(gt=0), Tag("<number>")] | Annotated[str, Tag("<text>")],
    Discriminator(_number_or_text),
]
_Texts = Annotated[tuple[str, ...], Strict(False)]
_Measure = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[tuple[str, ...], Strict(False), Field(min_length=2, max_length=2), Tag("<list>")],
    Discriminator(_list_or_text),
]


class PartConfig(Section):
    """One comparison: a measure, the arms, and what has to come out."""

    measure: _Measure = Field(
        description=(
            "Name of the measure, one number per arm and seed; a list of two where the two sides of the "
            "contrast are measured differently. docs/claims_format.md lists them."
        ),
    )
    contrast: str = Field(
        description=(
            "`A`, `A - B`, `ln(A / B)` or `log2(A / B)` of arms, so that positive favours the claim. "
            "`best(x, y)` is the arm that was best on the tuning seeds."
        ),
    )
    smallest_effect: _Amount | None = Field(
        default=None,
        description=(
            "It is at least this much: a number in the unit of the contrast, `ln 1.05`, `log2 5`, or "
            "`10% of ARM`, of that arm's mean on the tuning seeds."
        ),
    )
    not_worse_than: _Amount | None = Field(
        default=None, description="It is not below zero by more than this margin; the same forms."
    )
    within: _Amount | None = Field(
        default=None, description="It lies within this margin on both sides of zero; the same forms."
    )
    always: float | None = Field(
        default=None, description="It is exactly this number under every seed: for controls."
    )
    grid_step: float | None = Field(
        default=None,
        gt=0,
        description=(
            "Outcomes lie on a grid with this step, in the unit of the contrast: their standard deviation is "
            "taken to be at least step / sqrt(12)."
        ),
    )
    cells: dict[str, Any] = Field(
        default={},
        description="Only these cells of the arms' grids: dotted path -> value or list of values.",
    )
    reference: dict[str, Any] = Field(
        default={}, description="The cell that `drop(...)` compares the others with: dotted path -> value."
    )
    target: _Amount | None = Field(
        default=None,
        description=(
            "For times to a target: a validation error, or `95% of ARM`, of that arm's mean final validation "
            "accuracy on the tuning seeds. Parts without one take the claim's."
        ),
    )
    train_loss: float | None = Field(
        default=None,
        gt=0,
        description=(
            "Training loss, in nats, at which `matched_gap` compares and that `steps_to_train_loss` waits "
            "for. Parts without one take the claim's."
        ),
    )


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
        description="Unique over all experiments: a capital letter first, then capitals, digits and `_`.",
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
        default=(), alias="and", description="Further parts; the claim holds where all of them do."
    )
    if_censored: PartConfig | None = Field(
        default=None,
        description=(
            "What is judged in place of the first part where more than a fifth of the seeds of an arm never "
            "reach the target."
        ),
    )
    any_of: _Texts = Field(
        default=(),
        description=(
            "Ids of claims that test the same in other settings, each `part_of` this one: holding in one of "
            "all settings is enough."
        ),
    )
    part_of: str | None = Field(
        default=None,
        description="Id of the claim of which this is one more setting; it counts with that one.",
    )
    beside: Annotated[tuple[BesideConfig, ...], Strict(False)] = Field(
        default=(), description="Comparisons that are reported and decide nothing."
    )
    published: Annotated[tuple[PublishedConfig, ...], Strict(False)] = Field(
        default=(), description="What the source reports, shown beside what is measured here."
    )
    deviations: _Texts = Field(
        default=(), description="Where the experiment differs from the source's; numbered in the output."
    )
    traps: _Texts = Field(
        default=(), description="What could make the comparison unfair, and what is done against it."
    )
    expected: str = Field(default="", description="The prediction, written before the runs.")

    @property
    def parts(self) -> tuple[PartConfig, ...]:
        """Everything that must hold, the claim's own comparison first."""
        return (self, *self.and_also)
