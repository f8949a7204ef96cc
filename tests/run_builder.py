"""Folders of runs with given curves, written through the classes that training writes them with."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from regx.compare.groups import Group, group_selections
from regx.compare.select import Selection
from regx.config import RunConfig, config_hash, dump_config
from regx.runs.files import GrowingFile
from regx.runs.folder import RunFolder
from regx.runs.load import Run, load_run_folder
from regx.runs.metrics import HEADER, EpochMetrics
from regx.runs.probes import HEADER as PROBES_HEADER
from regx.runs.probes import ProbeValue, csv_lines
from regx.runs.record import Best, Environment, Failure, Final, RunRecord

TRAIN_LOSSES = (1.0, 0.4, 0.1)
VALID_ERRORS = (0.5, 0.3, 0.2)


def build_run(
    runs_dir: Path,
    *,
    name: str = "plain",
    seed: int = 0,
    train_losses: Sequence[float] = TRAIN_LOSSES,
    valid_errors: Sequence[float] = VALID_ERRORS,
    test_loss: float = 0.6,
    test_error: float = 0.22,
    status: str = "done",
    epochs: int | None = None,
    seconds_per_epoch: float = 2.0,
    environment: dict[str, Any] | None = None,
    **sections: dict[str, Any],
) -> Path:
    """Write one run of 10 steps an epoch; validation loss is twice the error, training error half of it."""
    num_epochs = len(train_losses) if epochs is None else epochs
    content: dict[str, Any] = {
        "name": name,
        "seed": seed,
        "data": {"name": "digits", "train_size": 300},
        "model": {"family": "mlp", "hidden_sizes": [16]} | sections.get("model", {}),
        "optim": {"lr": 0.1} | sections.get("optim", {}),
        "train": {"epochs": max(1, num_epochs), "batch_size": 30} | sections.get("train", {}),
    }
    config = RunConfig.model_validate(content)
    folder = RunFolder.for_config(config, runs_dir)
    folder.create()
    folder.config.write_text(dump_config(config))
    rows = [
        EpochMetrics(
            epoch=epoch,
            step=10 * epoch,
            lr=0.1,
            momentum=0.9,
            train_loss=loss,
            train_error=error / 2,
            train_loss_running=loss,
            valid_loss=2 * error,
            valid_error=error,
            train_seconds=seconds_per_epoch * epoch,
            eval_seconds=0.1 * epoch,
        )
        for epoch, (loss, error) in enumerate(zip(train_losses, valid_errors, strict=True), start=1)
        if config.is_evaluated(epoch)
    ]
    GrowingFile(folder.metrics, HEADER).append("".join(row.to_csv() for row in rows))
    folder_record(config, rows, status, (test_loss, test_error), environment or {}).write(folder.record)
    return folder.path


def built_run(runs_dir: Path, **changes: Any) -> Run:
    """Write a run likewise, and load it."""
    return load_run_folder(build_run(runs_dir, **changes))


def remove_checksums(path: Path) -> None:
    """Let the files of a run be changed unnoticed: older versions of regx vouched for none."""
    record = RunFolder(path).record
    content = json.loads(record.read_text())
    del content["sha256"]
    record.write_text(json.dumps(content | {"files": {}}, indent=2))


def write_probes(path: Path, values: Iterable[ProbeValue]) -> None:
    """Write what probes found into the folder of a run."""
    GrowingFile(RunFolder(path).probes, PROBES_HEADER).append(csv_lines(values))


def folder_record(
    config: RunConfig,
    rows: Sequence[EpochMetrics],
    status: Any,
    test: tuple[float, float],
    environment: dict[str, Any],
) -> RunRecord:
    """Make the record that goes with the rows."""
    last = rows[-1] if rows else None
    best = min(rows, key=lambda row: row.valid_error) if rows else None
    return RunRecord(
        name=config.name,
        seed=config.seed,
        config_hash=config_hash(config),
        status=status,
        epochs_completed=last.epoch if last else 0,
        steps_completed=last.step if last else 0,
        num_train=300,
        num_parameters=1234,
        images_per_second=150.0,
        final=Final(
            train_loss=last.train_loss,
            train_error=last.train_error,
            valid_loss=last.valid_loss,
            valid_error=last.valid_error,
            test_loss=test[0],
            test_error=test[1],
        )
        if last and status == "done"
        else None,
        best=Best(epoch=best.epoch, valid_loss=best.valid_loss, valid_error=best.valid_error)
        if best
        else None,
        failure=Failure(kind="non_finite", message="loss became NaN", epoch=len(rows), step=10 * len(rows))
        if status == "diverged"
        else None,
        environment=Environment.model_validate(
            {
                "device": "cpu",
                "device_name": "a processor",
                "threads": 1,
                "python": "3.11.7",
                "platform": "Linux",
                "regx": "0.1.0",
                "torch": "2.8.0",
                "numpy": "2.0.0",
                "git_commit": None,
                "git_dirty": None,
                "data_sha256": "0" * 64,
            }
            | environment
        ),
    )


def group_runs(runs: Sequence[Run]) -> list[Group]:
    """Group runs as if one argument of `regx compare` had named them."""
    return group_selections([Selection(argument="", source="", runs=tuple(runs))])
