"""Markdown from the files in results/: what `make bench` prints and what README.md and docs/ show."""

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

__all__ = [
    "TRAINERS",
    "demo_output",
    "mistakes_output",
    "reference_table",
    "speed_lines",
    "sweep_output",
    "sweep_sentences",
    "sweep_table",
    "table",
    "throughput_tables",
]

RESULTS = Path(__file__).parent.parent / "results"

TRAINERS = {
    "regx_run": "regx",
    "floor": "the floor: a bare loop on resident tensors",
    "usual_loop": "PyTorch: torchvision, DataLoader",
    "usual_loop_workers": "the same with 2 workers",
    "lightning_fit": "Lightning",
    "keras_fit": "Keras 3 on torch",
}

# What a config is measured by, where something is known.
KNOWN = {
    "mnist_mlp": "1.91 ± 0.05 % in an independent study, n = 10",
    "sigmoid_batch_norm": "2.0 to 2.2 %, a reproduction of the paper's Figure 1",
    "sigmoid_plain": "2.3 to 2.5 %, the same reproduction",
}

MISTAKES = """name: mine
data: {name: mnist, train_size: '50000'}
model:
  family: cnn
  drop_probs: {hidden: 0.5}
  batch_norm: yes
optim:
  lr: -0.1
"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 99) -> str:
    """Write a table of Markdown, its first columns to the left and the others to the right."""
    marks = "|".join("---" if index < left else "---:" for index in range(len(head)))
    lines = ("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in (head, *rows))
    return f"{next(lines)}|{marks}|\n{''.join(lines)}"


def demo_output() -> str:
    """Return what `regx compare` prints at the end of `make demo`."""
    return _printed("demo")


def sweep_output() -> str:
    """Return what `regx compare` prints of the sweep of toggles on the digits."""
    return _printed("digits_toggles")


def sweep_sentences() -> str:
    """Return the sentences at the end of that output: its last paragraph."""
    return _printed("digits_toggles", paragraphs=1)


def _printed(folder: str, paragraphs: int = 0) -> str:
    """Return a stored output as a block of code: all of it, or its last paragraphs."""
    text = (RESULTS / folder / "compare.txt").read_text(encoding="utf-8")
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return "```\n" + "\n\n".join(lines.split("\n\n")[-paragraphs:]) + "\n```"


def mistakes_output() -> str:
    """Return what `regx validate` says of a file with mistakes."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "mine.yaml").write_text(MISTAKES)
        command = [sys.executable, "-m", "regx", "validate", "mine.yaml"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return f"```\n$ regx validate mine.yaml\n{done.stderr.rstrip()}\n```"


def reference_table() -> str:
    """Return a row per config: test error over seeds, time, what is known of it."""
    rows = _reference_rows()
    text = "| config | test error | seeds | epochs | time of a run | known |\n|---|---:|---:|---:|---:|---|\n"
    for name in dict.fromkeys(row["name"] for row in rows):
        runs = [row for row in rows if row["name"] == name]
        if "10k" not in name:
            seconds = mean(float(row["seconds"]) for row in runs)
            text += f"| {name} | {_spread(runs)} | {len(runs)} | {runs[0]['epochs']} | {seconds:.0f} s "
            text += f"| {KNOWN.get(name, '')} |\n"
    machine = f"{rows[0]['device_name']}, torch {rows[0]['torch']}"
    note = (
        f"Mean ± standard deviation over seeds; {machine}; two runs at a time on 2 cores that had other work "
        "to do as well, so the times are upper bounds."
    )
    return f"{text}\n{note}\n\n{_precision(rows)}"


def _reference_rows() -> list[dict[str, str]]:
    with (RESULTS / "reference.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _precision(rows: list[dict[str, str]]) -> str:
    """Say what bf16 does to a result: the same seeds in both precisions, paired."""
    errors = {
        precision: {row["seed"]: float(row["test_error"]) for row in rows if row["name"].endswith(precision)}
        for precision in ("fp32", "bf16")
    }
    fp32 = list(errors["fp32"].values())
    bf16 = [errors["bf16"][seed] for seed in errors["fp32"]]
    differences = [100 * (b - a) for a, b in zip(fp32, bf16, strict=True)]
    return (
        f"bf16 against fp32, the same {len(fp32)} seeds (mnist_cnn on 10,000 images, 5 epochs): test error "
        f"{mean(bf16):.2%} against {mean(fp32):.2%}; paired difference {mean(differences):+.2f} ± "
        f"{stdev(differences):.2f} points (standard deviation), where the seeds alone spread by "
        f"{100 * stdev(fp32):.2f}."
    )


def _spread(runs: list[dict[str, str]]) -> str:
    errors = [100 * float(row["test_error"]) for row in runs]
    return f"{mean(errors):.2f} ± {stdev(errors):.2f} %" if len(errors) > 1 else f"{errors[0]:.2f} %"


def throughput_tables(content: dict[str, Any] | None = None) -> str:
    """Return a table per network: images per second, and how many times as fast regx is, round by round.

    A median of ratios is not the ratio of the medians beside it, so the heads say which is which.

    Args:
        content: What benchmarks/throughput.py measured; omitted: results/throughput.json.
    """
    content = content or json.loads((RESULTS / "throughput.json").read_text())
    text = ""
    for case in content["cases"]:
        speeds = case["images_per_second"]
        head = [f"{case['network']} on {case['dataset']}, {case['precision']}", "images/s, median"]
        rows = []
        for trainer, values in speeds.items():
            ratio = _ratio(speeds["regx_run"], values)
            shown = "" if trainer == "regx_run" else f"{ratio:.2f}×"
            rows.append([TRAINERS[trainer], f"{median(values):,.0f}", shown])
        text += table([*head, "regx is, median of ratios"], rows, left=1) + "\n"
    sizes = {case["network"]: case["num_images"] for case in content["cases"]}
    rounds = len(content["cases"][0]["images_per_second"]["regx_run"])
    images = ", ".join(f"{num_images:,} images ({network})" for network, num_images in sizes.items())
    return (
        f"{text}{content['machine']}. Epochs of {images}, batch 100, each measurement in a process of its "
        f"own, {rounds} alternating rounds: medians, and the median of the ratios. {_across(content)}\n"
    )


def _across(content: dict[str, Any]) -> str:
    """Compare regx in bf16 with the usual loop as one finds it, in fp32."""
    speeds = {(case["network"], case["precision"]): case["images_per_second"] for case in content["cases"]}
    found = []
    for network in dict.fromkeys(network for network, _ in speeds):
        if {(network, "fp32"), (network, "bf16")} <= speeds.keys():
            ours = median(speeds[network, "bf16"]["regx_run"])
            theirs = median(speeds[network, "fp32"]["usual_loop"])
            found.append(f"{ours / theirs:.1f}× ({network})")
    return f"regx in bf16 against the usual loop in fp32: {', '.join(found)}." if found else ""


SWEEPERS = {
    "sweep": "regx sweep --jobs 2",
    "one_after_another": "regx, one run after another, 2 threads",
    "usual_loop": "PyTorch: torchvision, DataLoader, one run after another, 2 threads",
    "bare_loops": "two bare single-thread loops on resident tensors, side by side",
}


def sweep_table(content: dict[str, Any] | None = None) -> str:
    """Return a table per network: seconds for all runs, and how many times as fast the sweep is.

    Args:
        content: What benchmarks/sweep_throughput.py measured; omitted: results/sweep_throughput.json.
    """
    content = content or json.loads((RESULTS / "sweep_throughput.json").read_text())
    text = ""
    for case in content["cases"]:
        seconds = case["seconds"]
        title = f"{case['runs']} runs of {case['network']}, {case['num_images']:,} images of MNIST, "
        title += f"{case['epochs']} epoch{'s' * (case['epochs'] > 1)}, {case['precision']}"
        rows = []
        for name, values in seconds.items():
            ratio = _ratio(values, seconds["sweep"])
            shown = "" if name == "sweep" else f"{ratio:.2f}×"
            rows.append([SWEEPERS[name], f"{median(values):.0f}", shown])
        text += table([title, "seconds, median", "regx sweep is, median of ratios"], rows, left=1) + "\n"
    overhead = content["overhead"]
    rounds = len(content["cases"][0]["seconds"]["sweep"])
    return (
        f"{text}{'One round' if rounds == 1 else f'Medians over {rounds} alternating rounds'}; "
        f"{content['machine']}. A sweep of two tiny runs takes {overhead['start_seconds']:.1f} s from the "
        f"shell and back, each further tiny run {overhead['seconds_per_tiny_run']:.2f} s, training included."
    )


def speed_lines() -> str:
    """Return one line for each table of docs/speed.md."""
    trained = json.loads((RESULTS / "throughput.json").read_text())["cases"]
    swept = json.loads((RESULTS / "sweep_throughput.json").read_text())["cases"]
    speeds = [case["images_per_second"] for case in trained]
    training = sorted(_ratio(speed["regx_run"], speed["usual_loop"]) for speed in speeds)
    sweeping = sorted(_ratio(case["seconds"]["usual_loop"], case["seconds"]["sweep"]) for case in swept)
    runs = [row for row in _reference_rows() if row["name"] == "mnist_mlp"]
    return (
        f"- Test errors are those of other trainers: mnist_mlp has {_spread(runs)}; {KNOWN['mnist_mlp']}.\n"
        f"- Training is {training[0]:.1f} to {training[-1]:.1f} times as fast as the usual PyTorch loop.\n"
        f"- Sixteen runs in one sweep are {sweeping[0]:.1f} to {sweeping[-1]:.1f} times as fast as the usual "
        "PyTorch loop, one run after another.\n"
    )


def _ratio(numerators: list[float], denominators: list[float]) -> float:
    """Return the median of the quotients, round by round."""
    return median(a / b for a, b in zip(numerators, denominators, strict=True))
