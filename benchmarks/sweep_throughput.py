"""A sweep of 16 equal runs beside what one would otherwise do: alternating, each in processes of its own.

Run it on a quiet machine with two cores: `make bench-sweep`. Every contestant trains the same network on as
many images for as many epochs and evaluates on the validation images after each; regx also evaluates on
training images, reads the test set at the end, and writes all of it down. The table goes to stdout, progress
to stderr.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))  # `benchmarks` is no installed package

from benchmarks.case import Case
from benchmarks.tables import sweep_table
from benchmarks.throughput import processor
from regx.runs.files import write_text

ROOT = Path(__file__).parent.parent
RUNS = 16
WORKERS = 2
SHARE = 4  # of the 16 runs, the usual loop trains one in so many; its time is scaled up
EPOCHS = {"mlp2": 2, "mcnn": 1}
TRAIN_SIZE = 50_000  # all of the pool: with fewer images a run is mostly evaluation


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", nargs="+", choices=EPOCHS, default=list(EPOCHS))
    parser.add_argument("--precisions", nargs="+", choices=["fp32", "bf16"], default=["bf16"])
    parser.add_argument("--out", type=Path, help="JSON file with every measurement")
    parser.add_argument("--one", nargs=3, metavar=("LOOP", "CASE", "RUNS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        train_here(*arguments.one)
        return
    content: dict[str, Any] = {"machine": describe_machine(), "cases": [], "overhead": measure_overhead()}
    for network in arguments.networks:
        for precision in arguments.precisions:
            case = Case(network, precision, EPOCHS[network], threads=1, train_size=TRAIN_SIZE)
            seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
            for number in range(arguments.rounds):
                for name, measure in CONTESTANTS.items():
                    seconds[name].append(measure(case))
                    print(
                        f"{network} {precision} round {number + 1} {name}: {seconds[name][-1]:.1f} s",
                        file=sys.stderr,
                    )
            content["cases"].append(
                {
                    "network": network,
                    "precision": precision,
                    "runs": RUNS,
                    "epochs": case.epochs,
                    "num_images": case.num_images,
                    "seconds": seconds,
                }
            )
    print(sweep_table(content))
    if arguments.out:
        write_text(arguments.out, json.dumps(content, indent=1) + "\n")


def sweep_with_workers(case: Case) -> float:
    """Time `regx sweep --jobs 2`, start-up and all."""
    return sweep_seconds(case.run_config(), RUNS, jobs=WORKERS)


def one_after_another(case: Case) -> float:
    """Time the same runs in one process with as many threads as there are cores."""
    config = case.run_config()
    config["train"] = {**config["train"], "threads": WORKERS}  # type: ignore[dict-item]
    return sweep_seconds(config, RUNS, jobs=1)


def usual_loop(case: Case) -> float:
    """Time the usual DataLoader loop with all cores; what starting its process costs is not counted."""
    several = replace(case, threads=WORKERS)
    return sum(in_processes("usual", several, RUNS // SHARE, 1)) * SHARE


def bare_loops(case: Case) -> float:
    """Time two bare single-thread loops side by side, each with half of the runs."""
    started = time.perf_counter()
    in_processes("bare", case, RUNS // WORKERS, WORKERS)
    return time.perf_counter() - started


CONTESTANTS = {
    "sweep": sweep_with_workers,
    "one_after_another": one_after_another,
    "usual_loop": usual_loop,
    "bare_loops": bare_loops,
}


def sweep_seconds(config: dict[str, object], num_runs: int, jobs: int) -> float:
    """Run `regx sweep` on an experiment of one arm in a fresh folder."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "base.yaml").write_text(yaml.safe_dump(config))
        experiment = {
            "name": "bench",
            "question": "How fast?",
            "base": "base.yaml",
            "arms": {"only": {}},
            "seeds": num_runs,
        }
        (folder / "bench.yaml").write_text(yaml.safe_dump(experiment))
        words = ["-m", "regx", "sweep", "bench.yaml", "--jobs", str(jobs), "--offline", "--quiet"]
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, *words], cwd=folder, check=True, env=environment(), stdout=subprocess.DEVNULL
        )
        return time.perf_counter() - started


def in_processes(loop: str, case: Case, num_runs: int, num_processes: int) -> list[float]:
    """Train runs in processes side by side; return the seconds that each counted for itself."""
    command = [sys.executable, __file__, "--one", loop, case.to_json(), str(num_runs)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
        for _ in range(num_processes)
    ]
    seconds = [float(process.communicate()[0].splitlines()[-1]) for process in processes]
    if any(process.returncode for process in processes):
        sys.exit(f"{loop} failed")
    return seconds


def environment() -> dict[str, str]:
    """Let every process import this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def train_here(loop: str, case_json: str, num_runs: str) -> None:
    """Train runs in this process and print the seconds."""
    import torch

    from benchmarks.trainers import evaluated_loops

    case = Case(**json.loads(case_json))
    torch.set_num_threads(case.threads)
    train = {"usual": evaluated_loops.usual, "bare": evaluated_loops.bare}[loop]
    print(train(case, int(num_runs)))


def measure_overhead() -> dict[str, float]:
    """Measure what the engine adds to a run: many tiny runs, against few, against what the runs count."""
    config = {
        "name": "tiny",
        "data": {"name": "digits", "train_size": 100},
        "model": {"family": "mlp", "hidden_sizes": [8]},
        "optim": {"lr": 0.1},
        "train": {"epochs": 1},
        "device": "cpu",
    }
    few, many = WORKERS, 100
    seconds = {number: sweep_seconds(config, number, jobs=WORKERS) for number in (few, many)}
    return {
        "start_seconds": seconds[few],
        "seconds_per_tiny_run": (seconds[many] - seconds[few]) / (many - few),
    }


def describe_machine() -> str:
    """Name the machine and the versions."""
    import platform
    from importlib.metadata import version

    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "distributed"))
    return f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


if __name__ == "__main__":
    main()
