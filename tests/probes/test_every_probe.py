"""What holds for every probe: found by its name, described, without influence, resumed to the same bytes."""

import importlib
import pkgutil
from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

import pytest
from small_config import small_config
from watching import Quiet, timeless

from regx import probes
from regx.data.load import Dataset
from regx.runs.folder import RunFolder
from regx.runs.probes import read_values
from regx.runs.record import RunRecord
from regx.training.run import train_run

Run = Callable[..., tuple[RunFolder, RunRecord]]
WithAll = Callable[[str], tuple[RunFolder, RunRecord]]

REGULARIZED: dict[str, Any] = {
    "data": {"augment": "crop_flip"},
    "model": {
        "batch_norm": {"noise": {}},  # so that probes draw in the midst of training
        "drop_prob": {"input": 0.1, "conv": 0.1, "hidden": 0.2},
    },
    "optim": {"momentum": {"start": 0.0, "end": 0.9, "steps": 9}, "max_norm": 1.0},
}
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "regularized": REGULARIZED,
    "ghosts": {"model": {"batch_norm": {"ghost_size": 7}}, "train": {"batch_size": 14}},
    "reference": {"model": {"batch_norm": {"reference_images": 20}}},
    "fixed_mask": {"model": {"drop_prob": {"hidden": 0.2}, "drop_mask": {"kind": "fixed", "from_epoch": 3}}},
    "frozen": {"model": {"batch_norm": True}, "optim": {"freeze_layers": 1}},
    "only_affine": {"model": {"batch_norm": True}, "optim": {"train_only": "batch_norm"}},
    "bf16": REGULARIZED | {"train": {"precision": "bf16"}},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> Run:
    out = tmp_path_factory.mktemp("runs")

    def run(
        name: str, *, on: tuple[str, ...] = probes.known(), stop: int | None = None, **sections: Any
    ) -> tuple[RunFolder, RunRecord]:
        model = {"family": "cnn", "conv_channels": [4], "hidden_sizes": [16, 8]} | sections.pop("model", {})
        train = {"epochs": 5, "batch_size": 15} | sections.pop("train", {})
        config = small_config(model=model, train=train, probes=on, **sections)
        folder = RunFolder(out / name)
        return folder, train_run(config, folder, digits, Quiet(stop))

    return run


@pytest.fixture(scope="module")
def with_all(run: Run) -> WithAll:
    """A run with all probes on; asked again it is done already."""
    return lambda kind: run(f"all_{kind}", **KINDS[kind])


def test_the_config_knows_every_probe() -> None:
    modules = [module.name for module in pkgutil.iter_modules(probes.__path__)]
    specs = {name for name in modules if hasattr(importlib.import_module(f"regx.probes.{name}"), "SPEC")}
    assert len(specs) >= 7
    assert specs == set(probes.known())


def test_no_two_probes_write_the_same_quantity() -> None:
    names = [quantity for name in probes.known() for quantity in probes.find(name).quantities]
    assert len(names) == len(set(names))


def test_what_is_written_is_what_probes_say(with_all: WithAll) -> None:
    said = {quantity for name in probes.known() for quantity in probes.find(name).quantities}
    folders = [with_all(kind)[0] for kind in ("plain", "regularized")]
    written = {value.quantity for folder in folders for value in read_values(folder.probes)}
    assert {quantity for quantity in written if not any(fnmatch(quantity, name) for name in said)} == set()
    never = {name for name in said if not any(fnmatch(quantity, name) for quantity in written)}
    assert never <= {"still_units_raw", "still_units_normalised", "still_units_output"}


@pytest.mark.parametrize(
    "kind",
    [
        kind if kind in ("plain", "regularized") else pytest.param(kind, marks=pytest.mark.slow)
        for kind in KINDS
    ],
)
def test_no_probe_changes_training(run: Run, with_all: WithAll, kind: str) -> None:
    without, expected = run(f"without_{kind}", on=(), **KINDS[kind])
    folder, record = with_all(kind)
    assert not without.probes.exists()
    assert timeless(folder.path) == timeless(without.path)
    assert (record.final, record.best) == (expected.final, expected.best)


@pytest.mark.parametrize("step", [27, 60, *(pytest.param(step, marks=pytest.mark.slow) for step in (0, 99))])
def test_a_stopped_run_goes_on_to_the_same_rows(run: Run, with_all: WithAll, step: int) -> None:
    """Mid-epoch, between two epochs, before the first step, before the last one."""
    whole, expected = with_all("regularized")
    parts, record = run(f"stopped_{step}", stop=step, **REGULARIZED)
    assert record.steps_completed == step
    with parts.probes.open("a") as file:  # what a killed run wrote after its checkpoint, and half a row
        file.write("99,conv1,weight_norm,1\n99,conv1,wei")
    _, record = run(f"stopped_{step}", **REGULARIZED)
    assert parts.probes.read_bytes() == whole.probes.read_bytes()
    assert (record.final, record.best) == (expected.final, expected.best)


def test_rows_of_probes_that_are_gone_mean_a_new_start(run: Run) -> None:
    whole, _ = run("norms", on=("weight_norms",))
    parts, _ = run("norms_parts", on=("weight_norms",), stop=27)
    parts.probes.write_bytes(parts.probes.read_bytes()[:-30])
    run("norms_parts", on=("weight_norms",))
    assert parts.probes.read_bytes() == whole.probes.read_bytes()


@pytest.mark.parametrize("batch_norm", [False, True])
def test_weights_that_blow_up_are_seen_as_such(run: Run, batch_norm: bool) -> None:
    """The rows up to the end stay, and no probe turns a diverged run into a failed one."""
    folder, record = run(f"blown_up_{batch_norm}", model={"batch_norm": batch_norm}, optim={"lr": 1e6})
    assert record.status == "diverged"
    assert max(value.step for value in read_values(folder.probes)) >= 1
