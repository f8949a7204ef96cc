"""regx itself, through the function that `regx train` calls, into a real run folder."""

import tempfile
from pathlib import Path

from benchmarks.case import Case
from regx.config import RunConfig
from regx.data.load import load_dataset
from regx.runs.folder import RunFolder
from regx.runs.metrics import read_rows
from regx.training.observer import Observer
from regx.training.run import train_run


def seconds_per_epoch(case: Case) -> float:
    """Read the training time of the last epoch from metrics.csv."""
    config = RunConfig.model_validate(case.run_config())
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(Path(scratch))
        train_run(config, folder, load_dataset(config.data.name), Observer())
        rows = read_rows(folder.metrics)
    return rows[-1].train_seconds - rows[-2].train_seconds
