"""Two equal arms through all that `regx reproduce` does, 50 times: how often is a false claim supported?

`make a-a` trains some 9,000 short runs on the embedded digits, 15 minutes on one core, and writes one row
per rule and measure to results/statistics/a_a_claims.csv, with a letter for the verdict of each
repetition. `make docs` makes the table in docs/statistics.md of it. Nothing is cut short: an experiment is
written, swept, locked, measured and judged from its files. Runs that are done are not trained again, so the
script may be stopped and started.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from a_a_experiments import BASE, experiments_of

from regx.claims.judge import judge_tier
from regx.claims.procedure import run_experiment
from regx.claims.registry import read_registry
from regx.claims.results import Lock
from regx.config import load_experiment
from regx.runs.files import write_csv
from regx.sweeps.jobs import EngineOptions, Watch
from regx.sweeps.ledger import Ledger
from regx.sweeps.worker import in_process

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "runs" / "a_a_claims"
RESULT = ROOT / "results" / "statistics" / "a_a_claims.csv"
LOCK = Path("results") / "cpu" / "own_rate" / "lock.json"
REPETITIONS = {"same_rate": 50, "own_rate": 50, "probes": 45, "ladder": 45}
HEADER = ("experiment", "rule", "measure", "outcomes")
LETTERS = {
    "supported": "s",
    "reversed": "r",
    "outside": "o",
    "null": "n",
    "inconclusive": "i",
    "invalid": "x",
}

Key = tuple[str, str, str]


def main() -> None:
    """Run what is missing, judge everything and write a row per experiment, rule and measure."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    outcomes: dict[Key, str] = {}
    for repetition in range(max(REPETITIONS.values())):
        for key, letter in judged(repetition):
            outcomes[key] = outcomes.get(key, "") + letter
        print(f"repetition {repetition + 1} done", file=sys.stderr, flush=True)
    write_csv(RESULT, HEADER, ((*key, letters) for key, letters in outcomes.items()))
    print(f"wrote {RESULT}")


def judged(repetition: int) -> Iterator[tuple[Key, str]]:
    """Reproduce the experiments of one repetition and yield the letter of every claim's verdict."""
    folder = RUNS / f"{repetition:03}"
    (folder / "experiments").mkdir(parents=True, exist_ok=True)
    (folder / "base.yaml").write_text(yaml.safe_dump(BASE))
    ledger = Ledger(folder / "runs")
    facts = {}
    with ledger.lock(), in_process(EngineOptions(runs_dir=ledger.runs_dir, offline=True)) as engine:
        for name, content in experiments_of(repetition).items():
            if repetition >= REPETITIONS[name]:
                continue
            path = folder / "experiments" / f"{name}.yaml"
            path.write_text(yaml.safe_dump({"name": name, "base": "../base.yaml", **content}))
            experiment = load_experiment(path)
            summary, found = run_experiment(folder / "results", experiment, ledger, engine, Watch())
            if found is None:
                sys.exit(f"{path}: {[outcome.message for outcome in summary.trained if outcome.message]}")
            facts[name] = found
    rates = {str(arm.tuned[0].settings) for arm in Lock.read(folder / LOCK).arms}
    yield ("own_rate", "tuned to", "optim.lr"), "=" if len(rates) == 1 else "d"
    registry = read_registry([folder / "experiments"])
    results = judge_tier(registry, folder / "results", "cpu", facts)
    for item in (item for item in registry.empirical if item.experiment in facts):
        rule, _, measure = item.claim.says.partition(": ")
        result = results[item.id]
        yield (item.experiment, rule, measure), LETTERS[result.kind or result.verdict]


if __name__ == "__main__":
    main()
