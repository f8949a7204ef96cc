"""What trains the runs of a command: options, cores, workers on this machine, or a cluster that is there."""

import math
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from regx.sweeps.jobs import Engine, EngineOptions, Job

__all__ = [
    "DryRunOption",
    "EngineChoice",
    "JobsOption",
    "OfflineOption",
    "PerGpuOption",
    "RetryFailedOption",
    "RunsOption",
    "SchedulerFileOption",
    "SchedulerOption",
    "TierOption",
    "available_cores",
]

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container under Linux: microseconds of every so many, or `max`


def available_cores(quota: Path = QUOTA) -> int:
    """Count the cores of this process: those it is bound to, but not more than its container allows.

    Args:
        quota: The file with the limit of the container; without the file there is no limit.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        granted, period = quota.read_text(encoding="ascii").split()
        return max(1, min(bound, math.ceil(int(granted) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # `max`, another system
        return bound


# Options of all commands that train many runs.
JobsOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Runs at the same time. 1 trains in this process. Default: one for each core or GPU.",
        show_default=False,
    ),
]
PerGpuOption = Annotated[
    int | None, typer.Option(min=1, help="Runs at the same time on each GPU.", show_default=False)
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="A Dask scheduler, e.g. tcp://host:8786.", show_default=False),
]
SchedulerFileOption = Annotated[
    Path | None, typer.Option(help="The file that a Dask scheduler wrote.", show_default=False)
]
TierOption = Annotated[
    Literal["smoke", "cpu", "gpu"], typer.Option(help="Size of the experiment: smoke, cpu or gpu.")
]
RunsOption = Annotated[Path, typer.Option(help="Folder that the runs' folders go into.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the plan and train nothing.")]
RetryFailedOption = Annotated[
    bool, typer.Option("--retry-failed", help="Train again the runs that failed before.")
]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Never fetch data.")]


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
