"""Training experiments for a command: what is left, how long it takes, who trains it, how it is shown."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from regx.cli.data import fetch_display
from regx.cli.output import ExitCode, say, say_wrapped
from regx.cli.progress import StopSignal, stop_on_signals
from regx.cli.sweep_text import estimate_line

if TYPE_CHECKING:
    from regx.config import Experiment
    from regx.sweeps.driver import Plan
    from regx.sweeps.estimate import Estimate
    from regx.sweeps.jobs import Engine, EngineOptions, Job
    from regx.sweeps.ledger import Ledger

__all__ = ["Campaign", "EngineChoice"]

Ended = TypeVar("Ended")


@dataclass(frozen=True, kw_only=True)
class EngineChoice:
    """The options that say what trains the runs; without any: workers on this machine.

    Attributes:
        jobs: Runs at the same time on this machine.
        per_gpu: Of them on each GPU.
        scheduler: Address of a Dask scheduler.
        scheduler_file: The file that one wrote.

    Raises:
        UsageError: If several engines are asked for.
    """

    jobs: int | None
    per_gpu: int | None
    scheduler: str | None
    scheduler_file: Path | None

    def __post_init__(self) -> None:
        from regx.config.errors import UsageError

        asked = (self.jobs or self.per_gpu, self.scheduler, self.scheduler_file)
        if sum(option is not None for option in asked) > 1:
            raise UsageError("--jobs or --per-gpu, --scheduler and --scheduler-file: choose one")

    def places_for(self, left: "Sequence[Job]") -> list[str | None] | None:
        """Use one worker for each core, or for each place on a GPU, but not more than there are runs.

        Returns:
            For each worker the GPU that it gets, or None; nothing where a scheduler has workers of its own.

        Raises:
            UsageError: If they do not fit on the GPUs.
        """
        from regx.config.warnings import available_cores
        from regx.sweeps.local_workers import place, visible_gpus

        if self.scheduler or self.scheduler_file:
            return None
        wanted = self.per_gpu is not None or any(job.config.device in ("auto", "cuda") for job in left)
        gpus = visible_gpus() if wanted else []
        default = len(gpus) * (self.per_gpu or 1) if gpus else available_cores()
        number = max(1, min(self.jobs or default, len(left)))
        return place(number, self.per_gpu) if gpus or self.per_gpu else [None] * number

    def open(
        self, options: "EngineOptions", places: list[str | None] | None
    ) -> "AbstractContextManager[Engine]":
        """Open what trains the runs."""
        if places and len(places) == 1:
            from regx.sweeps.worker import in_process

            return in_process(options)
        from regx.sweeps.dask_engine import local_cluster, remote

        if places is None:
            return remote(options, address=self.scheduler, scheduler_file=self.scheduler_file)
        return local_cluster(options, places)


@dataclass(kw_only=True)
class Campaign:
    """What `regx sweep`, `regx reproduce` and its sanity gates have trained, all by the same engine.

    Attributes:
        plans: What is left of each experiment.
        ledger: Of the runs; locked, if there is to be training.
        choice: What trains them.
        options: Of the engine.
        retry_failed: Whether runs that failed before are tried again.
        quiet: Whether only what failed is said.
        stop: Set by a signal.
        exit_code: Of the command, once its training has ended; 0 if nothing went wrong.
    """

    plans: "Sequence[Plan]"
    ledger: "Ledger"
    choice: EngineChoice
    options: "EngineOptions"
    retry_failed: bool
    quiet: bool
    stop: StopSignal = field(default_factory=StopSignal)
    exit_code: int = 0

    @cached_property
    def left(self) -> "list[Job]":
        """Runs that are not there; experiments may share them."""
        return list({job.folder: job for plan in self.plans for job in plan.left}.values())

    @cached_property
    def places(self) -> list[str | None] | None:
        """The GPU, or None, of each worker on this machine, if it is this machine that trains.

        Raises:
            UsageError: If they do not fit on the GPUs.
        """
        return self.choice.places_for(self.left)

    @property
    def num_workers(self) -> int | None:
        """Runs at the same time; None where a scheduler has workers of its own."""
        return None if self.places is None else len(self.places)

    @cached_property
    def estimate(self) -> "Estimate | None":
        """How long it will take; on a scheduler's workers, if they were one like this machine."""
        from regx.sweeps.estimate import estimate

        return estimate(self.plans, self.ledger, self.num_workers or 1)

    def show_plan(self, lines: Iterable[str], tell: Callable[[str], None]) -> None:
        """Say what there is to do, whether cores are short for it, and how long it will take."""
        from regx.config.warnings import thread_warnings

        places = self.places  # what does not fit is refused before the plan is shown
        for line in lines:
            say_wrapped(line, tell)
        if self.left and places and places[0] is None:
            threads = max(job.config.train.threads for job in self.left)
            for warning in thread_warnings(threads, len(places)):
                say_wrapped(f"note: {warning}")
        if self.estimate:
            say_wrapped(estimate_line(self.estimate, self.num_workers), tell)

    def describe_estimate(self) -> dict[str, object] | None:
        """Write the estimate as plain values; None where nothing is left."""
        if self.estimate is None:
            return None
        return {"seconds": round(self.estimate.seconds, 1), "workers": self.num_workers}

    def fetch(self, names: Iterable[str]) -> None:
        """See that data sets are here before many workers ask for them at once.

        Raises:
            UsageError: If one cannot be had.
        """
        from regx.data.load import ensure_here

        with fetch_display(quiet=self.quiet) as listener:
            for name in sorted(set(names)):
                ensure_here(name, offline=self.options.offline, listener=listener)

    @contextmanager
    def training(self) -> "Iterator[Engine]":
        """Have the workers ready while the context lasts; where they are lost, it ends with a sentence."""
        from regx.sweeps.jobs import EngineLostError

        with (
            stop_on_signals() as self.stop,  # first: workers take seconds to start
            self.choice.open(self.options, self.places) as engine,
        ):
            self.stop.call(engine.stop)
            try:
                yield engine
            except EngineLostError as error:
                say(str(error))
                self.exit_code = ExitCode.RUN_FAILED
        self.exit_code = self.stop.exit_code or self.exit_code

    def train(self, engine: "Engine", experiment: "Experiment", procedure: Callable[..., Ended]) -> Ended:
        """Train what is left of one experiment, and show it.

        Args:
            engine: Trains the runs.
            experiment: One of those that are planned, or a part of it.
            procedure: `sweep`, or what does more than that for claims.
        """
        from regx.cli.sweep_display import sweep_display

        with sweep_display(experiment, self.ledger.runs_dir, quiet=self.quiet) as watch:
            return procedure(experiment, self.ledger, engine, watch, retry_failed=self.retry_failed)
