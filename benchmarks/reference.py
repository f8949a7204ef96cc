"""Train the ready-made configs on real data and collect what they reach: `make reference`.

Runs that are done are not trained again, so the script may be stopped and started. The collected rows go to
results/reference.csv, from which `make docs` makes the table in docs/speed.md.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from regx.config import load_run
from regx.runs.files import write_csv
from regx.runs.folder import RunFolder

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "runs" / "reference"
RESULT = ROOT / "results" / "reference.csv"


@dataclass(frozen=True)
class Reference:
    """A config with what is changed in it, and how many seeds to train."""

    config: str
    num_seeds: int
    changes: tuple[str, ...] = ()

    def words(self, seed: int) -> list[str]:
        """Write the words of the command line that name one of its runs."""
        sets = [word for change in self.changes for word in ("--set", change)]
        return [f"configs/{self.config}.yaml", "--seed", str(seed), *sets]


SHORT = ("data.train_size=10000", "train.epochs=5")
REFERENCES = [
    Reference("mnist_softmax", 5),
    Reference("mnist_mlp", 5),
    Reference("mnist_cnn", 3),
    Reference("sigmoid_batch_norm", 3),
    Reference("sigmoid_plain", 3),
    Reference("mnist_cnn", 5, ("name=mnist_cnn_10k_fp32", *SHORT)),
    Reference("mnist_cnn", 5, ("name=mnist_cnn_10k_bf16", "train.precision=bf16", *SHORT)),
    Reference("fashion_mnist_cnn", 1),
    Reference("cifar10_cnn", 1),
]
HEADER = (
    *("name", "seed", "status", "epochs"),
    *("train_error", "valid_error", "test_error", "train_loss", "test_loss", "seconds", "images_per_second"),
    *("threads", "device_name", "torch"),
)


def main() -> None:
    """Train what is missing, two single-threaded runs at a time, and write the rows."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    runs = [(reference, seed) for reference in REFERENCES for seed in range(reference.num_seeds)]
    single = [run for run in runs if _threads(*run) == 1]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda run: _train(*run), single))
    for run in runs:
        if run not in single:
            _train(*run)
    write_csv(RESULT, HEADER, (_row(*run) for run in runs))
    print(f"wrote {RESULT}")


def _config(reference: Reference, seed: int) -> tuple[Path, list[str]]:
    return ROOT / "configs" / f"{reference.config}.yaml", [*reference.changes, f"seed={seed}"]


def _threads(reference: Reference, seed: int) -> int:
    return load_run(*_config(reference, seed)).train.threads


def _train(reference: Reference, seed: int) -> None:
    words = reference.words(seed)
    print("regx train", *words, file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "regx", "train", *words, "--out", str(RUNS), "--quiet"]
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"ended with {done.returncode}")


def _row(reference: Reference, seed: int) -> list[object]:
    record = RunFolder.for_config(load_run(*_config(reference, seed)), RUNS).read_record()
    assert record.final is not None  # a run without final metrics has ended the script
    final, environment = record.final, record.environment
    metrics = (
        *(final.train_error, final.valid_error, final.test_error, final.train_loss, final.test_loss),
        *(round(record.seconds, 1), round(record.images_per_second or 0)),
    )
    return [
        *(record.name, record.seed, record.status, record.epochs_completed, *metrics),
        *(environment.threads, environment.device_name, environment.torch),
    ]


if __name__ == "__main__":
    main()
