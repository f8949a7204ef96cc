"""The same arm under two names and other seeds, 40 times: how often does a comparison see a difference?

`make a-a` trains 800 short runs on the embedded digits, a minute or two on one core, and writes one row per
repetition and measure to results/statistics/a_a.csv, from which `make docs` makes the table in
docs/statistics.md. Runs that are done are not trained again, so the script may be stopped and started.
"""

import argparse
import sys
from pathlib import Path

from a_a_experiments import BASE

from regx.compare.compare import Row, compare
from regx.compare.groups import Group
from regx.config import RunConfig
from regx.data.load import load_dataset
from regx.runs.files import write_csv
from regx.runs.folder import RunFolder
from regx.runs.load import Run, load_run_folder
from regx.training.observer import Observer
from regx.training.run import train_run

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "runs" / "a_a"
RESULT = ROOT / "results" / "statistics" / "a_a.csv"
REPETITIONS = 40
SEEDS = 10
HEADER = ("repetition", "measure", "difference", "low", "high", "p", "told", "missing")


def config(seed: int) -> RunConfig:
    """Return a run that takes a tenth of a second and ends with errors that vary from seed to seed."""
    return RunConfig.model_validate({**BASE, "name": "a_a", "seed": seed})


def main() -> None:
    """Train what is missing, compare the two names of each repetition and write the rows."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    train_all()
    rows = ([number, *row] for number in range(REPETITIONS) for row in compare_names(number))
    write_csv(RESULT, HEADER, rows)
    print(f"wrote {RESULT}")


def seeds_of(repetition: int, name: str) -> range:
    """Return the seeds of one name in one repetition; no run is used twice.

    The names take turns, seed by seed, so that a machine that slows down slows both.
    """
    first = 2 * SEEDS * repetition + (name == "b")
    return range(first, first + 2 * SEEDS, 2)


def train_all() -> None:
    """Train every run in this process, one after another."""
    dataset = load_dataset("digits", offline=True)
    for seed in range(2 * SEEDS * REPETITIONS):
        run = config(seed)
        train_run(run, RunFolder.for_config(run, RUNS), dataset, Observer())
        if seed % (2 * SEEDS) == 0:
            print(f"repetition {seed // (2 * SEEDS)} of {REPETITIONS}", file=sys.stderr, flush=True)


def compare_names(repetition: int) -> list[list[object]]:
    """Compare the groups a and b of one repetition as `regx compare` does, measure by measure."""
    groups = [Group.of_runs(name, load(seeds_of(repetition, name))) for name in ("a", "b")]
    return [[row.measure.name, *found(row)] for row in compare(groups).rows]


def load(seeds: range) -> tuple[Run, ...]:
    """Load the runs of one group."""
    return tuple(load_run_folder(RunFolder.for_config(config(seed), RUNS).path) for seed in seeds)


def found(row: Row) -> tuple[object, ...]:
    """Return what the comparison says of b against a, or why it says nothing."""
    inference = row.inferences[1]
    if inference is None or inference.p is None:
        missing = inference.remark if inference else row.cells[0].missing or row.cells[1].missing
        return ("", "", "", "", "", missing)
    numbers = (inference.difference, inference.low, inference.high, inference.p)
    return (*(f"{number:.6g}" for number in numbers), str(inference.is_significant).lower(), "")


if __name__ == "__main__":
    main()
