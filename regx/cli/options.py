"""Options that several commands have, each once."""

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "DryRun",
    "Experiments",
    "Jobs",
    "Json",
    "Offline",
    "PerGpu",
    "RetryFailed",
    "Runs",
    "Scheduler",
    "SchedulerFile",
    "Tier",
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Offline = Annotated[bool, typer.Option("--offline", help="Never fetch data.")]
Experiments = Annotated[
    list[Path] | None,
    typer.Option(metavar="DIR", help="Look for claims only in this folder. Repeatable.", show_default=False),
]

# Of the commands that train many runs.
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Runs at the same time. 1 trains in this process. Default: one for each core or GPU.",
        show_default=False,
    ),
]
PerGpu = Annotated[
    int | None, typer.Option(min=1, help="Runs at the same time on each GPU.", show_default=False)
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="A Dask scheduler, e.g. tcp://host:8786.", show_default=False),
]
SchedulerFile = Annotated[
    Path | None, typer.Option(help="The file that a Dask scheduler wrote.", show_default=False)
]
Tier = Annotated[
    Literal["smoke", "cpu", "gpu"], typer.Option(help="Size of the experiment: smoke, cpu or gpu.")
]
Runs = Annotated[Path, typer.Option(help="Folder that the runs' folders go into.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and train nothing.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Train again the runs that failed before.")]
