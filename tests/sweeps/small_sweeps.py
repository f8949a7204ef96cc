"""Small experiments, and finished runs with given ends, written through the classes that training uses."""

from collections.abc import Callable, Sequence
from pathlib import Path

from run_builder import folder_record
from small_config import small_yaml

from regx.config import Experiment, RunConfig, dump_config, load_experiment
from regx.runs.files import GrowingFile
from regx.runs.folder import RunFolder
from regx.runs.metrics import HEADER, EpochMetrics
from regx.sweeps.jobs import Job

BASE = small_yaml(model={"hidden_sizes": [8]})


def write_experiment(folder: Path, text: str) -> Experiment:
    """Load an experiment over the small base."""
    (folder / "base.yaml").write_text(BASE)
    path = folder / "experiment.yaml"
    path.write_text(f"name: try\nquestion: Which?\nbase: base.yaml\n{text}")
    return load_experiment(path)


def finish(runs_dir: Path, job: Job, valid_loss: float = 1.0, status: str = "done") -> None:
    """Write the folder of a run that has ended."""
    folder = RunFolder(runs_dir / job.folder)
    folder.create()
    folder.config.write_text(dump_config(job.config))
    row = EpochMetrics(
        epoch=1,
        step=10,
        lr=0.1,
        momentum=0.0,
        train_loss=valid_loss,
        train_error=0.5,
        train_loss_running=1.0,
        valid_loss=valid_loss,
        valid_error=0.5,
        train_seconds=1.0,
        eval_seconds=1.0,
    )
    GrowingFile(folder.metrics, HEADER).append(row.to_csv())
    folder_record(job.config, [row], status, (1.0, 0.5), {}).write(folder.record)


def trainer(
    runs_dir: Path, valid_loss: Callable[[RunConfig], float | None], asked: list[Job] | None = None
) -> Callable[[Sequence[Job]], bool]:
    """Make a function that finishes jobs with losses from a formula; None means diverged."""

    def train(jobs: Sequence[Job]) -> bool:
        for job in jobs:
            if asked is not None:
                asked.append(job)
            if (runs_dir / job.folder).exists():
                continue
            loss = valid_loss(job.config)
            finish(runs_dir, job, 9.0 if loss is None else loss, "done" if loss is not None else "diverged")
        return True

    return train
