"""Training throughput of regx beside other trainers: alternating, each measurement in a process of its own.

Run it on a quiet machine: `make bench`. The table goes to stdout, progress to stderr.
"""

import argparse
import importlib
import json
import platform
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))  # `benchmarks` is no installed package

from benchmarks.case import NETWORKS, Case
from benchmarks.tables import TRAINERS, throughput_tables
from regx.runs.files import write_text


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=["mcnn", "ccnn"])
    parser.add_argument("--precisions", nargs="+", choices=["fp32", "bf16"], default=["fp32", "bf16"])
    parser.add_argument("--trainers", nargs="+", choices=TRAINERS, default=list(TRAINERS))
    parser.add_argument("--epochs", type=int, default=2, help="the last one is timed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON file with every measurement")
    parser.add_argument("--one", nargs=2, metavar=("TRAINER", "CASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure_here(*arguments.one)
        return
    machine = f"{processor()}, {arguments.threads} threads, Python {platform.python_version()}, {versions()}"
    content: dict[str, Any] = {"machine": machine, "cases": []}
    for network in arguments.networks:
        for precision in arguments.precisions:
            case = Case(network, precision, arguments.epochs, arguments.threads)
            speeds = measure(case, arguments.trainers, arguments.rounds)
            content["cases"].append(
                {
                    "network": network,
                    "dataset": NETWORKS[network]["data"]["name"],
                    "precision": precision,
                    "num_images": case.num_images,
                    "images_per_second": speeds,
                }
            )
    print(throughput_tables(content))
    if arguments.out:
        write_text(arguments.out, json.dumps(content, indent=1) + "\n")


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


def processor() -> str:
    """Name the processor."""
    import torch

    from regx.training.environment import device_name

    return device_name(torch.device("cpu"))


def versions() -> str:
    """Name the versions that matter, of what is installed here."""
    names = [name for name in ("torch", "torchvision", "lightning", "keras") if find_spec(name)]
    return ", ".join(f"{name} {version(name)}" for name in names)


if __name__ == "__main__":
    main()
