"""The file of an experiment: which runs answer one question."""

import math
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, ConfigDict, Field, Strict, Tag, WithJsonSchema
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from regx.config.errors import KeyPath
from regx.config.sections.claim import ClaimConfig
from regx.config.sections.fields import (
    MAX_SEED,
    MAX_SEEDS,
    NAME_PATTERN,
    SEEDS_PATTERN,
    Section,
    by_form,
    off,
    parse_seeds,
)
from regx.config.yaml_tree import Plain

__all__ = [
    "Axes",
    "ExperimentFile",
    "GridConfig",
    "Settings",
    "Tier",
    "TierConfig",
    "Tiers",
    "TuneConfig",
    "can_extend",
    "cross",
    "next_value",
]

Tier = Literal["smoke", "cpu", "gpu"]

# The pattern of names stands in the schema once, as that of the mapping's keys.
_NAMES: JsonDict = {"propertyNames": {"pattern": NAME_PATTERN}}
_ArmName = Annotated[str, Field(pattern=NAME_PATTERN), WithJsonSchema({"type": "string"})]
_Paths = dict[str, Any]
_Axis = Annotated[tuple[Any, ...], Strict(False), Field(min_length=1)]
Axes = dict[str, _Axis]
Settings: TypeAlias = Mapping[str, Plain]  # dotted path -> value, e.g. {"optim.lr": 0.1}
_Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
_SeedList = Annotated[tuple[_Seed, ...], Strict(False), Field(min_length=1, max_length=MAX_SEEDS)]


def _read_seeds(text: Any) -> Any:
    """Read `0-9`; a number in quotes could be a seed or a count, so it is neither."""
    if not isinstance(text, str):
        return text
    try:
        seeds = parse_seeds(text)
    except ValueError as error:
        raise PydanticCustomError("seeds", "{reason}", {"reason": str(error)}) from None
    if text.strip().isdecimal():
        reason = f"must not be in quotes: write [{seeds[0]}] for seed {seeds[0]} alone"
        raise PydanticCustomError("seeds", "{reason}", {"reason": reason})
    return seeds


_SeedText = Annotated[str, Field(pattern=SEEDS_PATTERN, examples=["0-9", "0-4,7"])]
_SeedsInWords = Annotated[_SeedList, BeforeValidator(_read_seeds, json_schema_input_type=_SeedText)]


_Seeds = Annotated[
    Annotated[int, Field(ge=1, le=MAX_SEEDS), Tag("<number>")]
    | Annotated[_SeedList, Tag("<list>")]
    | Annotated[_SeedsInWords, Tag("<text>")],
    by_form("<text>", "<list>", "<number>"),
]
_NamedSeeds = Annotated[
    Annotated[_SeedList, Tag("<list>")] | Annotated[_SeedsInWords, Tag("<text>")],
    by_form("<text>", "<list>"),
]


class GridConfig(Section):
    """Axes that are crossed inside each arm: dotted path -> list of values."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Axis]

    arms: dict[str, Axes] = Field(
        default={},
        description="Arm -> its own axes instead of the others. {}: this arm has no grid.",
    )

    @property
    def axes(self) -> Axes:
        """Axes of the arms that have none of their own."""
        return self.__pydantic_extra__

    def of(self, arm: str) -> Axes:
        """Return the axes that are crossed inside an arm."""
        return self.arms.get(arm, self.axes)

    def part_of(self, arm: str) -> KeyPath:
        """Say where in the file these axes stand."""
        return ("grid", "arms", arm) if arm in self.arms else ("grid",)


class TuneConfig(Section):
    """How every arm finds its own best value before the arms are compared."""

    over: Axes = Field(
        default={},
        description=(
            "What every arm tries: dotted path -> list of values. With several paths, every combination."
        ),
    )
    arms: dict[str, Axes] = Field(
        default={},
        description="Arm -> what this arm tries instead of `over`. Give all arms the same number of trials.",
    )
    follow: dict[str, str] = Field(
        default={},
        description=(
            "Arm -> the arm whose tuned values it uses; it is not tuned itself. For controls, and for a "
            "comparison at a common learning rate."
        ),
    )
    by: str = Field(
        default="final_valid_loss",
        description=(
            "The value with the best mean of this measure over the tuning seeds wins. "
            "The times to target need `train.target_error`."
        ),
    )
    seeds: _NamedSeeds = Field(
        default=(1000, 1001),
        description="Seeds of the trials, a list or a range. The comparison must use other seeds.",
    )
    per: Literal["arm", "cell"] = Field(
        default="arm",
        description=(
            "`arm`: tuned once, at the arm's own settings, for all cells of the grid; `cell`: each cell "
            "of the grid is tuned by itself."
        ),
    )
    extend: Annotated[tuple[str, ...], Strict(False)] | None = Field(
        default=None,
        description=(
            "Paths that get one more value, for all arms, as long as the best value of some arm is the "
            "smallest or largest one tried. Omitted: `[optim.lr]`, if that is tuned."
        ),
    )
    max_extensions: int = Field(default=3, ge=0, le=20, description="How many more values a path may get.")

    def of(self, arm: str) -> Axes:
        """Return the axes that an arm is tuned over; one that follows another has the axes of that one."""
        return self.arms.get(self.follow.get(arm, arm), self.over)

    def part_of(self, arm: str) -> KeyPath:
        """Say where in the file these axes stand."""
        leader = self.follow.get(arm, arm)
        return ("tune", "arms", leader) if leader in self.arms else ("tune", "over")

    def points(self, arm: str) -> tuple[Settings, ...]:
        """Cross the axes of an arm, the last one fastest."""
        return cross(self.of(arm))

    def tries(self, arm: str) -> bool:
        """Whether an arm has trials of its own; one without axes, or that follows another, has none."""
        return bool(self.of(arm)) and arm not in self.follow

    def written_out(self, arms: Iterable[str]) -> "TuneConfig":
        """Write out the axes of every arm, numbers ascending, and which of the axes may go on."""
        axes = {arm: {path: _ascending(values) for path, values in self.of(arm).items()} for arm in arms}
        extend = self.extend
        if extend is None:
            rates = [of_arm["optim.lr"] for of_arm in axes.values() if "optim.lr" in of_arm]
            extend = ("optim.lr",) if rates and all(map(can_extend, rates)) else ()
        return self.model_copy(update={"over": {}, "arms": axes, "extend": extend})

    def extended(self, path: str, *, up: bool) -> "TuneConfig":
        """Let an axis go on by one step of its own rhythm, in every arm that has it.

        Args:
            path: The axis.
            up: Above its last value, else below its first.

        Returns:
            The longer axes; the same ones where some arm has no next value, or no arm has the axis.

        Raises:
            ValueError: If the axis cannot be extended: fewer than two values, or not positive numbers.
        """
        longer = {arm: _longer(axes, path, up=up) for arm, axes in self.arms.items()}
        stuck = any(path in axes and longer[arm] == axes for arm, axes in self.arms.items())
        return self if stuck else self.model_copy(update={"arms": longer})


def cross(axes: Axes) -> tuple[Settings, ...]:
    """List every combination of the values of some axes, the last axis fastest; ({},) without axes."""
    return tuple(dict(zip(axes, values, strict=True)) for values in product(*axes.values()))


def can_extend(values: tuple[Plain, ...]) -> bool:
    """Whether an axis has a rhythm to go on by: at least two values, all of them positive numbers."""
    return len(values) > 1 and all(
        isinstance(value, int | float) and not isinstance(value, bool) and value > 0 for value in values
    )


def next_value(values: tuple[Plain, ...], *, up: bool) -> float:
    """Go on by the ratio that stood two places before: 0.1, 0.3, 1 -> 3; 1, 2, 4 -> 8; 1, 2 -> 4.

    Rounded to 6 significant digits; whole numbers stay whole.

    Raises:
        ValueError: If the axis cannot go on.
    """
    if not can_extend(values):
        raise ValueError(f"an axis with the values {list(values)} has no next step")
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if not up:
        numbers.reverse()
    last, before = numbers[-1], numbers[-2]
    ratio = before / numbers[-3] if len(numbers) > 2 else last / before
    if all(isinstance(value, int) for value in values):
        return round(last * ratio)
    return float(f"{last * ratio:.6g}")


def _longer(axes: Axes, path: str, *, up: bool) -> Axes:
    if path not in axes:
        return axes
    values = axes[path]
    added = next_value(values, up=up)
    if added in values or not math.isfinite(added):
        return axes
    return {**axes, path: (*values, added) if up else (added, *values)}


def _ascending(values: tuple[Any, ...]) -> tuple[Any, ...]:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return tuple(sorted(values)) if numbers else values


_Tune = Annotated[
    Annotated[
        Annotated[TuneConfig, Tag("<settings>")] | Annotated[Literal[False], Tag("<switch>")],
        by_form("<settings>", "<switch>"),
    ],
    off(TuneConfig | Literal[False], meaning=False, words=()),
]


class TierConfig(Section):
    """What a tier changes of the experiment."""

    seeds: _Seeds | None = Field(default=None, description="Instead of the experiment's `seeds`.")
    set: _Paths = Field(
        default={},
        description="Changes after the experiment's `set` and before the arms: dotted path -> value.",
    )
    grid: GridConfig | None = Field(default=None, description="Instead of the experiment's `grid`.")
    tune: _Tune | None = Field(
        default=None,
        description="`false`: nothing is tuned. A mapping: its keys instead of the experiment's.",
    )


class Tiers(Section):
    """The same question at other costs."""

    smoke: TierConfig | None = Field(default=None, description="A minute, to see whether everything works.")
    cpu: TierConfig | None = Field(default=None, description="The default tier: the file as it stands.")
    gpu: TierConfig | None = Field(default=None, description="The full size.")


class ExperimentFile(Section):
    """One question, and the runs that answer it: arms, crossed with a grid, over seeds."""

    name: str = Field(
        pattern=NAME_PATTERN,
        description=(
            "Names the sweep's folder and begins the names of its runs: letters, digits, `_`, `-` and `.`; "
            "at most 64, a letter or digit first."
        ),
    )
    question: str = Field(min_length=1, description="What the experiment asks, as a sentence.")
    base: str = Field(description="The config of a run that the arms change, relative to this file.")
    set: _Paths = Field(
        default={},
        description="Changes of the base that all arms share: dotted path -> value, as `--set` has them.",
    )
    arms: dict[_ArmName, _Paths] = Field(
        min_length=1,
        json_schema_extra=_NAMES,
        description="What is compared: name -> {dotted path: value}. {}: the base as it is.",
    )
    grid: GridConfig = Field(
        default=GridConfig.model_validate({}),
        description=(
            "Values that each arm is trained at, in every combination: dotted path -> list of values. "
            "Under `arms`: arms with their own axes."
        ),
    )
    tune: _Tune = Field(
        default=False,
        description="How each arm finds its own best values. Omitted or false: nothing is tuned.",
    )
    seeds: _Seeds = Field(
        description=(
            "Seeds of the comparison, the same for each arm. A number n: 0 to n - 1; a list; or ranges: "
            "`0-4,7`."
        )
    )
    tiers: Tiers = Field(
        default=Tiers(), description="What changes at a tier: `regx sweep FILE --tier smoke`, `gpu`."
    )
    claims: Annotated[tuple[ClaimConfig, ...], Strict(False)] = Field(
        default=(), description="Sentences that the runs test, each with the rule that decides."
    )

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """Seeds of the comparison, one by one."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds

    @property
    def named_tiers(self) -> tuple[Tier, ...]:
        """Tiers that the file has: `cpu`, which is the file as it stands, and those that it names."""
        return (
            "cpu",
            *(tier for tier in get_args(Tier) if tier != "cpu" and tier in self.tiers.model_fields_set),
        )
