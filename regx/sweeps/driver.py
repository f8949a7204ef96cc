"""A sweep: what an experiment asks for, training what is missing of it, and the files that tell of it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import regx
from regx.config import Experiment
from regx.runs.files import put_aside, remove_leftovers, write_csv
from regx.runs.folder import NoRecord, RunFolder
from regx.runs.record import Final
from regx.runs.sweep import SweepFolder, SweepRecord, SweepRun
from regx.sweeps.jobs import Engine, Job, JobResult, Watch
from regx.sweeps.ledger import Ledger
from regx.sweeps.tuning import Tuning, tune

__all__ = ["COLUMNS", "Plan", "Summary", "make_plan", "sweep", "write_run_table"]

COLUMNS = (
    "stage", "arm", "cell", "tuned", "seed", "folder", "status", "epochs", *Final.model_fields, "seconds",
)  # fmt: skip


def write_run_table(folder: SweepFolder, record: SweepRecord) -> None:
    """Write the table anew; a run that is not there yet has the status `absent`.

    Raises:
        OSError: If it cannot be written.
    """
    write_csv(folder.table, COLUMNS, (_row(folder, run) for run in record.runs))


def _row(folder: SweepFolder, run: SweepRun) -> list[object]:
    head = [run.stage, run.arm, json.dumps(run.cell), json.dumps(run.tuned), run.seed, run.folder]
    record = RunFolder(folder.runs_dir / run.folder).find_record()
    if isinstance(record, NoRecord):
        return [*head, record.status, *[""] * (len(COLUMNS) - len(head) - 1)]
    final = [
        # The test images are for the runs that are compared; a choice never looks at them.
        "" if run.stage == "tune" and name.startswith("test_") else getattr(record.final, name, "")
        for name in Final.model_fields
    ]
    return [*head, record.ending, record.epochs_completed, *final, round(record.seconds, 3)]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an experiment asks for, and what of it is there.

    Attributes:
        experiment: Which.
        tuning: How far its tuning has come, and its trials; where the best lies on an edge, more follow.
        confirm: Runs to be compared, under their tuned values; before the tuning is complete, under the
            values that the arms have untuned: as many and as long as they will be.
        left: Jobs that have not ended, trials and others, each once.
        failed: Those of them that failed before.
    """

    experiment: Experiment
    tuning: Tuning
    confirm: tuple[Job, ...]
    left: tuple[Job, ...]
    failed: tuple[Job, ...]

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Trials, and runs to be compared."""
        return (*self.tuning.trials, *self.confirm)

    @property
    def num_done(self) -> int:
        """Jobs that have ended."""
        return len({job.folder for job in self.jobs}) - len(self.left)


@dataclass(kw_only=True)
class Summary:
    """How a sweep ended.

    Attributes:
        record: What stands in sweep.json.
        trained: Results of the jobs that this call has worked on, in the order in which they ended.
        num_ended_before: Runs that were there already.
        skipped: Runs that failed in an earlier call and were not tried again.
        complete: Whether every run of the experiment has ended.
    """

    record: SweepRecord
    trained: list[JobResult] = field(default_factory=list)
    num_ended_before: int = 0
    skipped: list[Job] = field(default_factory=list)
    complete: bool = False


def make_plan(experiment: Experiment, ledger: Ledger) -> Plan:
    """Look at what is there, and train nothing."""
    tuning = tune(experiment, ledger, lambda jobs: not ledger.unended(jobs))
    confirm = _confirm(experiment, ledger, tuning)
    left = ledger.unended([*tuning.trials, *confirm])
    return Plan(
        experiment=experiment,
        tuning=tuning,
        confirm=confirm,
        left=tuple(left),
        failed=tuple(ledger.failed(left)),
    )


def sweep(
    experiment: Experiment,
    ledger: Ledger,
    engine: Engine,
    watch: Watch,
    *,
    retry_failed: bool = False,
    tuned: Callable[[SweepRecord], None] = lambda _: None,
) -> Summary:
    """Train every run of an experiment that has not ended.

    Hold the ledger's lock. The record is written before the first run and after each stage, so that the runs
    can be compared while the sweep goes on.

    Args:
        experiment: What to train.
        ledger: The folder of runs.
        engine: Trains them.
        watch: Told of everything.
        retry_failed: Try again what failed in an earlier call.
        tuned: Called when the values are chosen, before the first run to compare begins; what it raises ends
            the sweep there.

    Raises:
        EngineLostError: If the engine is gone; what was done is done.
        OSError: If the record cannot be written.
    """
    return _Sweep(experiment, ledger, engine, watch, retry_failed).execute(tuned)


class _Sweep:
    """One call of `sweep`."""

    def __init__(
        self, experiment: Experiment, ledger: Ledger, engine: Engine, watch: Watch, retry_failed: bool
    ) -> None:
        self.experiment = experiment
        self.ledger = ledger
        self.engine = engine
        self.watch = watch
        self.retry_failed = retry_failed
        self.ended_before: set[str] = set()  # folders: when a grid grows, its trials are asked for again
        self.folder = SweepFolder.named(experiment.name, experiment.tier, ledger.runs_dir)
        self.keep_other_version()
        plan = make_plan(experiment, ledger)
        remove_leftovers(self.folder.path)
        for job in plan.jobs:
            remove_leftovers(ledger.runs_dir / job.folder)
        self.summary = Summary(record=self.write(plan.tuning))

    def execute(self, tuned: Callable[[SweepRecord], None]) -> Summary:
        tuning = tune(self.experiment, self.ledger, self.train, self.watch.noticed)
        self.summary.record = self.write(tuning)
        if tuning.complete:
            tuned(self.summary.record)
            self.summary.complete = self.train(_confirm(self.experiment, self.ledger, tuning))
        write_run_table(self.folder, self.summary.record)
        return self.summary

    def keep_other_version(self) -> None:
        """Put the record of an experiment that has been edited since aside; its runs stay where they are."""
        try:
            old = SweepRecord.read(self.folder.record)
            if (old.name, old.tier) != (self.experiment.name, self.experiment.tier):
                raise ValueError(f"{self.folder.record}: is of the sweep {old.name} ({old.tier})")
        except FileNotFoundError:
            return
        except ValueError as error:
            aside = put_aside(self.folder.record)
            self.watch.noticed(f"{error}; it is put aside as {aside} and written again")
            return
        if old.digest != self.experiment.digest:
            kept = self.folder.path / f"sweep-{old.digest[:8]}.json"
            self.folder.record.replace(kept)
            self.watch.noticed(
                f"the experiment has changed since its last sweep, whose record is now {kept}; runs that both"
                " versions need are shared"
            )

    def train(self, jobs: Sequence[Job]) -> bool:
        """Train the jobs that have not ended; whether all have then."""
        left = self.ledger.unended(jobs)
        failed = self.ledger.failed(left)
        again = (
            "the run is trained"
            if self.retry_failed
            else "it counts as not done, and --retry-failed trains it"
        )
        for reason in filter(None, map(self.ledger.damage, failed)):
            self.watch.noticed(f"{reason}; {again} again")
        if self.retry_failed:
            for job in failed:
                self.ledger.forget_failure(job)
        else:
            self.summary.skipped += failed
            left = [job for job in left if job not in failed]
        seen = {result.job.folder for result in self.summary.trained}
        before = {job.folder for job in jobs} - {job.folder for job in left + failed} - seen
        self.ended_before |= before
        self.summary.num_ended_before = len(self.ended_before)
        self.watch.planned(left, len(before))
        for result in self.engine.run(left, self.watch) if left else ():
            self.summary.trained.append(result)
            self.watch.ended(result)
        return not self.ledger.unended(jobs)

    def write(self, tuning: Tuning) -> SweepRecord:
        """Write sweep.json; the runs to compare stand in it once their values are known."""
        confirm = _confirm(self.experiment, self.ledger, tuning) if tuning.complete else ()
        plan = self.experiment.tune
        record = SweepRecord(
            name=self.experiment.name,
            question=self.experiment.question,
            tier=self.experiment.tier,
            digest=self.experiment.digest,
            regx=regx.__version__,
            seeds=self.experiment.seeds,
            tune_by=plan.by if plan else None,
            arms=tuning.arms,
            runs=tuple(job.as_row() for job in (*tuning.trials, *confirm)),
        )
        self.folder.path.mkdir(parents=True, exist_ok=True)
        record.write(self.folder.record)
        return record


def _confirm(experiment: Experiment, ledger: Ledger, tuning: Tuning) -> tuple[Job, ...]:
    """List the runs to compare, seed by seed: stopped half way, they are still whole comparisons."""
    return tuple(
        ledger.job(experiment, arm, seed, cell, tuning.settings(arm, cell))
        for seed in experiment.seeds
        for arm in experiment.arms
        for cell in experiment.cells_of(arm)
    )
