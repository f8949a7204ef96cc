"""`results/<tier>/<experiment>/`: the files in it, what was fixed before the runs, sanity gates and verdicts.

docs/claims_format.md explains each file. Everything in it is small and is meant to be committed.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field

from regx.claims.exact.check import CheckedValue, CheckResult, MechanicalClaim
from regx.config.errors import UsageError
from regx.reading import explain, read_text
from regx.runs.record import Frozen, read_json, write_json
from regx.runs.sweep import ArmRecord

__all__ = [
    "ClaimResult",
    "Gate",
    "Gates",
    "Lock",
    "LockedClaim",
    "LockedPart",
    "MechanicalFile",
    "MechanicalResult",
    "PartResult",
    "Record",
    "ResultsFolder",
    "RunRow",
    "SettingResult",
    "VerdictFile",
    "VerdictWord",
    "mechanical_path",
    "store_mechanical",
]

FORMAT = 1
_WRITE_AGAIN = "put the right file back, or remove it, and `regx reproduce` writes it again"

VerdictWord = Literal["supported", "contradicted", "inconclusive", "invalid", "smoke", "stale", "not run"]


@dataclass(frozen=True)
class ResultsFolder:
    """The files of one experiment at one tier."""

    path: Path

    @classmethod
    def named(cls, root: Path, tier: str, experiment: str) -> "ResultsFolder":
        """Name the folder."""
        return cls(root / tier / experiment)

    @property
    def lock(self) -> Path:
        """What was fixed when the tuning ended."""
        return self.path / "lock.json"

    @property
    def runs(self) -> Path:
        """One row per run."""
        return self.path / "runs.csv"

    @property
    def measures(self) -> Path:
        """One number per arm and seed."""
        return self.path / "measures.csv"

    @property
    def verdicts(self) -> Path:
        """What came of it."""
        return self.path / "verdicts.json"

    def read_runs(self) -> "list[RunRow]":
        """Read runs.csv; no rows where it is not there, as in an installed package.

        Raises:
            UsageError: If it is damaged or cannot be read.
        """
        if not self.runs.is_file():
            return []
        try:
            return [_run_row(line) for line in csv.DictReader(io.StringIO(read_text(self.runs)))]
        except OSError as error:
            raise UsageError(explain(error)) from None
        except (KeyError, ValueError, csv.Error):
            raise UsageError(f"{self.runs}: is damaged; {_WRITE_AGAIN}") from None

    def figure(self, claim_id: str) -> Path:
        """The evidence as a picture."""
        return self.path / f"{claim_id}.svg"

    def read_lock(self) -> "Lock":
        """Read what was fixed.

        Raises:
            UsageError: If it is damaged, of another format or experiment, or cannot be read.
        """
        lock = Lock.read(self.lock)
        self._check_owner(self.lock, lock.tier, lock.experiment)
        return lock

    def read_verdicts(self) -> "VerdictFile | None":
        """Read the verdicts; None where there are none yet.

        Raises:
            UsageError: As `read_lock` does.
        """
        if not self.verdicts.is_file():
            return None
        file = VerdictFile.read(self.verdicts)
        self._check_owner(self.verdicts, file.tier, file.experiment)
        return file

    def _check_owner(self, path: Path, tier: str, experiment: str) -> None:
        here = self.path.absolute()
        if (here.parent.name, here.name) != (tier, experiment):
            raise UsageError(
                f"{path}: is of {tier}/{experiment}; put the right file back, or remove {self.path} and "
                "`regx reproduce` writes it again"
            )


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """What is read of a row of runs.csv; its columns are those of a sweep's table."""

    stage: str
    arm: str
    tuned: dict[str, Any]
    folder: str
    status: str
    seconds: float


def _run_row(line: dict[str, str]) -> RunRow:
    if None in line.values():
        raise ValueError("fewer cells than columns")
    texts = {name: line[name] for name in ("stage", "arm", "folder", "status")}
    return RunRow(**texts, tuned=json.loads(line["tuned"]), seconds=float(line["seconds"] or 0))


class Record(Frozen):
    """A JSON file, or a part of one."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            UsageError: If it is damaged, of another format, or cannot be read.
        """
        try:
            return read_json(path, cls)
        except OSError as error:
            raise UsageError(explain(error)) from None
        except ValueError as error:
            raise UsageError(f"{error}; {_WRITE_AGAIN}") from None

    def write(self, path: Path) -> None:
        """Write a file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, self, indent=1)


class LockedPart(Record):
    """What a part of a claim took from the tuning seeds."""

    first: str = Field(description="The arm on the first side of the contrast.")
    second: str | None = Field(default=None, description="The arm on the second side.")
    amount: float | None = Field(default=None, description="Smallest effect or margin, as a number.")
    target_error: float | None = Field(default=None, description="Validation error of the target.")
    train_loss: float | None = Field(default=None, description="Training loss that is waited for.")
    problem: str = Field(default="", description="Why something could not be fixed.")

    @property
    def arms(self) -> tuple[str, ...]:
        """The arm of each side, where the best of several was chosen."""
        return (self.first,) if self.second is None else (self.first, self.second)


class LockedClaim(Record):
    """One claim as it was fixed."""

    rule: str = Field(description="sha256 of everything that judges it.")
    when: str = Field(description="Date and time, UTC.")
    num_runs_before: int = Field(description="Runs to compare that had ended at that moment.")
    parts: tuple[LockedPart, ...]
    if_censored: LockedPart | None = None
    beside: tuple[LockedPart, ...] = ()

    def find(self, name: str) -> LockedPart:
        """Return what was fixed for one comparison: `1`, `if censored`, `beside 1`, ..."""
        if name == "if censored":
            assert self.if_censored is not None
            return self.if_censored
        group, _, number = name.rpartition(" ")
        return (self.beside if group == "beside" else self.parts)[int(number) - 1]


class Lock(Record):
    """lock.json: written when the tuning ends, before the first run to compare begins."""

    format: int = FORMAT
    experiment: str
    tier: str
    digest: str = Field(description="sha256 of the resolved experiment.")
    seeds: tuple[int, ...]
    tune_by: str | None
    arms: tuple[ArmRecord, ...] = Field(description="As in sweep.json: settings, trials, tuned values.")
    claims: dict[str, LockedClaim]


class Gate(Record):
    """One sanity gate."""

    name: str
    holds: bool | None = Field(description="null: it was not run, for want of its data say.")
    measured: str = Field(description="What came out, and what had to.")
    source: str = Field(default="", description="Where the bounds come from; empty: they follow by reason.")


class Gates(Record):
    """gates.json: what a broken trainer fails first."""

    format: int = FORMAT
    when: str
    gates: tuple[Gate, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Gates that do not hold, in words."""
        return tuple(f"gate {gate.name}: {gate.measured}" for gate in self.gates if gate.holds is False)


class PartResult(Record):
    """One comparison, judged by itself: nothing here is corrected for a family."""

    part: str = Field(description="`1`, `2`, ..., `if censored` or `beside 1`, as in measures.csv.")
    label: str = ""
    measure: str
    contrast: str
    unit: str
    criterion: str = Field(description="smallest_effect, not_worse_than, within, always; empty: none.")
    amount: float | None
    num_seeds: int
    holds: bool = Field(description="Whether the estimate is what the part says, p aside.")
    opposes: bool
    p: float
    p_against: float
    p_null: float
    mean: float | None = None
    low: float | None = Field(default=None, description="95 % interval.")
    high: float | None = None
    low_90: float | None = Field(default=None, description="90 % interval.")
    high_90: float | None = None
    sd: float | None = None
    d_z: float | None = None
    wins: float | None = Field(default=None, description="Share of seeds in favour.")
    sign_flip_p: float | None = None
    smallest_excluded: float | None = Field(
        default=None, description="Smallest effect, in either direction, outside the 90 % interval."
    )
    means: dict[str, float] = Field(default={}, description="Of the measure, by arm.")
    differences: dict[int, float] = Field(default={}, description="By seed; positive favours the claim.")
    notes: tuple[str, ...] = ()
    problem: str = ""


class SettingResult(Record):
    """One setting of a claim that says "in some cases"."""

    id: str
    experiment: str
    holds: bool
    p: float
    parts: tuple[PartResult, ...]
    beside: tuple[PartResult, ...] = ()


class ClaimResult(Record):
    """A verdict and what it rests on."""

    id: str
    verdict: VerdictWord
    label: str = Field(description="The verdict with what qualifies it: supported (strong).")
    kind: str | None = None
    strong: bool = False
    provisional: bool = False
    p: float = Field(description="Corrected for the family.")
    family: str
    family_size: int
    num_seeds: int
    seeds_needed: int | None = Field(
        default=None,
        description=(
            "Where it is inconclusive: with as many it would be settled in 4 of 5 experiments, at the "
            "strictest step of the correction for the family, were the measured means and spreads the true "
            "ones."
        ),
    )
    reasons: tuple[str, ...] = ()
    parts: tuple[PartResult, ...] = ()
    beside: tuple[PartResult, ...] = ()
    settings: tuple[SettingResult, ...] = ()
    rule: str
    num_runs_before: int
    when: str
    commit: str = Field(description="Commit of the code that trained the runs.")

    @property
    def all_beside(self) -> list[tuple[str, PartResult]]:
        """What decides nothing, each with the experiment of its setting where the claim has several."""
        if not self.settings:
            return [("", part) for part in self.beside]
        return [(setting.experiment, part) for setting in self.settings for part in setting.beside]

    def parts_in(self, setting_id: str) -> tuple[PartResult, ...]:
        """Return what came of the claim in one setting; its own id, where it has no others."""
        by_setting = {setting.id: setting.parts for setting in self.settings} or {self.id: self.parts}
        return by_setting.get(setting_id, ())


class VerdictFile(Record):
    """verdicts.json."""

    format: int = FORMAT
    experiment: str
    tier: str
    file_sha256: str = Field(description="Of the experiment's file and all that it builds on.")
    num_runs: int
    run_seconds: float = Field(description="Of all its runs, tuning included, one after another.")
    claims: dict[str, ClaimResult]


class MechanicalResult(Record):
    """The answer of one check."""

    verdict: Literal["supported", "contradicted"]
    reading: str
    measured: tuple[CheckedValue, ...]
    when: str
    commit: str


class MechanicalFile(Record):
    """mechanical.json: the answers of all of them, by id."""

    format: int = FORMAT
    claims: dict[str, MechanicalResult]


def mechanical_path(root: Path) -> Path:
    """Name the file."""
    return root / "mechanical.json"


def store_mechanical(
    root: Path, answers: Sequence[tuple[MechanicalClaim, CheckResult]], commit: str
) -> MechanicalFile:
    """Add answers to the file; what is as it was keeps its date.

    Raises:
        UsageError: If the file is damaged.
        OSError: If it cannot be written.
    """
    path = mechanical_path(root)
    known = dict(MechanicalFile.read(path).claims) if path.is_file() else {}
    for claim, answer in answers:
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        result = MechanicalResult(**vars(answer), when=today, commit=commit)
        old = known.get(claim.id)
        if old is None or old != result.model_copy(update={"when": old.when, "commit": old.commit}):
            known[claim.id] = result
    file = MechanicalFile(claims={name: known[name] for name in sorted(known)})
    if not path.is_file() or MechanicalFile.read(path) != file:
        file.write(path)
    return file
