"""runs.csv of a sweep: one row per run, for a spreadsheet or pandas."""

import json

from regx.runs.files import write_text
from regx.runs.folder import NoRecord, RunFolder
from regx.runs.record import Final
from regx.runs.sweep import SweepFolder, SweepRecord, SweepRun

__all__ = ["COLUMNS", "write_run_table"]

COLUMNS = (
    "stage", "arm", "cell", "tuned", "seed", "folder", "status", "epochs", *Final.model_fields, "seconds",
)  # fmt: skip


def write_run_table(folder: SweepFolder, record: SweepRecord) -> None:
    """Write the table anew; a run that is not there yet has the status `absent`.

    Raises:
        OSError: If it cannot be written.
    """
    import pandas as pd

    rows = [_row(folder, run) for run in record.runs]
    table = pd.DataFrame(rows, columns=COLUMNS, dtype=object)  # as objects, numbers keep all their digits
    write_text(folder.table, table.to_csv(index=False, lineterminator="\n"))


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
