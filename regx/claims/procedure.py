"""`regx reproduce`: tune, fix the rule, confirm, measure. Everything that is done already is skipped.

What is written is a pure function of the runs' folders: the same runs give the same files, to the last digit.
"""

from pathlib import Path

from regx.claims.judge import RunFacts
from regx.claims.lock import register_in
from regx.claims.measuring import SweepRuns, measure_claims, write_measures
from regx.claims.results import ResultsFolder
from regx.config import Experiment
from regx.reading import read_text
from regx.runs.files import write_text
from regx.runs.sweep import SweepFolder, SweepRecord
from regx.sweeps.driver import Summary, sweep
from regx.sweeps.jobs import Engine, Watch
from regx.sweeps.ledger import Ledger

__all__ = ["measure", "run_experiment"]


def run_experiment(
    results: Path,
    experiment: Experiment,
    ledger: Ledger,
    engine: Engine,
    watch: Watch,
    *,
    retry_failed: bool = False,
) -> tuple[Summary, RunFacts | None]:
    """Train every run of an experiment that has not ended, and measure its claims.

    The rule of each claim is fixed when the tuning has ended, before the first run to compare begins.

    All but `results`, the folder that measures go into, is as for `sweep`.

    Returns:
        How the sweep ended; and what is said of its runs, None where they are not complete.

    Raises:
        UsageError: If a rule has changed since it was fixed, or a measure has not what it needs.
    """
    folder = ResultsFolder.named(results, experiment.tier, experiment.name)

    def fix(record: SweepRecord) -> None:
        if experiment.tune is not None or experiment.tier != "smoke":
            register_in(folder, experiment, SweepRuns(runs_dir=ledger.runs_dir, record=record))

    summary = sweep(experiment, ledger, engine, watch, retry_failed=retry_failed, tuned=fix)
    return summary, measure(experiment, ledger.runs_dir, results) if summary.complete else None


def measure(experiment: Experiment, runs_dir: Path, results: Path) -> RunFacts:
    """Write runs.csv and measures.csv of an experiment whose runs have all ended.

    Raises:
        UsageError: If a run or something in it is missing.
        OSError: If the sweep's record is missing, or the results cannot be written.
    """
    sweep_folder = SweepFolder.named(experiment.name, experiment.tier, runs_dir)
    folder = ResultsFolder.named(results, experiment.tier, experiment.name)
    runs = SweepRuns(runs_dir=runs_dir, record=SweepRecord.read(sweep_folder.record))
    lock = register_in(folder, experiment, runs)
    write_measures(folder.measures, measure_claims(experiment.claims, lock, runs))
    write_text(folder.runs, read_text(sweep_folder.table))
    return RunFacts(
        num_runs=len({run.folder for run in runs.record.runs}),
        seconds=runs.seconds(),
        commit=", ".join(runs.commits()),
    )
