"""Training throughput of regx beside other trainers: alternating, each measurement in a process of its own.

Run it on a quiet machine: `make bench`. The table goes to stdout, progress to stderr.
"""

import argparse
import importlib
import json
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # `benchmarks` is no installed package

from benchmarks.case import NETWORKS, Case

TRAINERS = {
    "regx_run": "regx",
    "floor": "bare loop, resident tensors (the floor)",
    "usual_loop": "PyTorch, torchvision + DataLoader",
    "usual_loop_workers": "the same with 2 workers",
    "lightning_fit": "Lightning",
    "keras_fit": "Keras 3 on torch",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=["mcnn", "ccnn"])
    parser.add_argument("--precisions", nargs="+", choices=["fp32", "bf16"], default=["fp32", "bf16"])
    parser.add_argument("--trainers", nargs="+", choices=TRAINERS, default=list(TRAINERS))
    parser.add_argument("--images", type=int, default=10_000, help="training images of an epoch")
    parser.add_argument("--epochs", type=int, default=3, help="the last one is timed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--one", nargs=2, metavar=("TRAINER", "CASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure_here(*arguments.one)
        return
    print(f"{processor()}; {arguments.threads} threads; Python {platform.python_version()}; {versions()}")
    print(f"{arguments.images:,} images, batch 100, median of {arguments.rounds} alternating rounds\n")
    for network in arguments.networks:
        for precision in arguments.precisions:
            case = Case(network, precision, arguments.images, arguments.epochs, arguments.threads)
            print_table(case, measure(case, arguments.trainers, arguments.rounds))


def measure_here(trainer: str, case_json: str) -> None:
    """Measure in this process and print seconds."""
    import torch

    case = Case(**json.loads(case_json))
    torch.set_num_threads(case.threads)
    print(importlib.import_module(f"benchmarks.trainers.{trainer}").seconds_per_epoch(case))


def measure(case: Case, trainers: list[str], rounds: int) -> dict[str, list[float]]:
    """Measure every trainer once per round, so that a slow minute of the machine hits all of them."""
    speeds: dict[str, list[float]] = {trainer: [] for trainer in trainers}
    for number in range(rounds):
        for trainer in trainers:
            command = [sys.executable, __file__, "--one", trainer, case.to_json()]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{trainer} failed:\n{done.stderr}")
            speed = case.num_images / float(done.stdout.splitlines()[-1])
            speeds[trainer].append(speed)
            print(
                f"{case.network} {case.precision} round {number + 1} {trainer}: {speed:,.0f}", file=sys.stderr
            )
    return speeds


def print_table(case: Case, speeds: dict[str, list[float]]) -> None:
    """Print images per second and, round by round, the ratio of regx to each trainer."""
    data = NETWORKS[case.network]["data"]["name"]
    print(f"| {case.network} on {data}, {case.precision} | images/s | regx is |")
    print("|---|---:|---:|")
    for trainer, values in speeds.items():
        ratios = [ours / theirs for ours, theirs in zip(speeds["regx_run"], values, strict=True)]
        print(
            f"| {TRAINERS[trainer]} | {statistics.median(values):,.0f} | {statistics.median(ratios):.2f}x |"
        )
    print(flush=True)


def processor() -> str:
    """Name the processor."""
    import torch

    from regx.training.device import device_name

    return device_name(torch.device("cpu"))


def versions() -> str:
    """Name the versions that matter."""
    return ", ".join(f"{name} {version(name)}" for name in ("torch", "torchvision", "lightning", "keras"))


if __name__ == "__main__":
    main()
