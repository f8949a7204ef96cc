"""One run on the embedded digits: folder, repeatability, pairing, divergence."""

import fcntl
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small_config import small_config
from watching import Quiet, timeless

from regx.config import RunConfig
from regx.data.load import Dataset
from regx.runs.folder import FolderBusyError, RunFolder
from regx.runs.load import load_run_folder
from regx.runs.metrics import read_rows
from regx.runs.record import RunRecord
from regx.training.run import train_run

Run = Callable[..., tuple[RunFolder, RunRecord]]

CNN: dict[str, Any] = {"family": "cnn", "conv_channels": [8], "hidden_sizes": [16]}
REGULARIZED: dict[str, Any] = CNN | {
    "batch_norm": True,
    "drop_prob": {"input": 0.1, "conv": 0.1, "hidden": 0.2},
}


def config_of(**sections: Any) -> RunConfig:
    return small_config(**sections | {"model": CNN | sections.get("model", {})})


@pytest.fixture
def run(tmp_path: Path, digits: Dataset) -> Run:
    def run(
        out: str = "a", stop: int | None = None, fresh: bool = False, **sections: object
    ) -> tuple[RunFolder, RunRecord]:
        config = config_of(**sections)
        folder = RunFolder.for_config(config, tmp_path / out)
        return folder, train_run(config, folder, digits, Quiet(stop), fresh=fresh)

    return run


def test_a_finished_run_has_its_files(run: Run) -> None:
    folder, record = run(model=REGULARIZED)
    assert sorted(path.name for path in folder.path.glob("[!.]*")) == [
        "config.yaml",
        "metrics.csv",
        "run.json",
    ]
    assert record.status == "done"
    rows = read_rows(folder.metrics)
    assert [(row.epoch, row.step) for row in rows] == [(1, 6), (2, 12), (3, 18)]
    assert record.final is not None
    assert record.final.valid_error == rows[-1].valid_error
    assert record.best is not None
    assert record.best.valid_error == min(row.valid_error for row in rows)
    assert RunRecord.read(folder.record) == record
    assert set(record.files) == {"config.yaml", "metrics.csv"}
    assert [process.from_step for process in record.processes] == [0]
    assert record.mixture == ()


@pytest.mark.parametrize("threads", [1, 2])
def test_same_seed_same_bytes_other_seed_others(run: Run, threads: int) -> None:
    first, _ = run("a", model=REGULARIZED, train={"threads": threads})
    again, _ = run("b", model=REGULARIZED, train={"threads": threads})
    other, _ = run("a", model=REGULARIZED, train={"threads": threads}, seed=1)
    assert timeless(first.path) == timeless(again.path)
    assert timeless(first.path)[1:] != timeless(other.path)[1:]


def test_a_finished_run_is_not_trained_again_unless_asked(run: Run) -> None:
    folder, record = run()
    before = folder.metrics.read_bytes()
    assert run()[1] == record
    assert folder.metrics.read_bytes() == before
    assert run(fresh=True)[1].seconds != record.seconds


@pytest.mark.parametrize("step", [0, 4, 6, 13, 17])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_stopped_run_goes_on_to_the_same_bytes(run: Run, step: int, precision: str) -> None:
    """Before the first step, mid-epoch, between two epochs, before the last step."""
    sections: dict[str, Any] = {
        "model": REGULARIZED,
        "data": {"augment": "crop_flip"},
        "optim": {"momentum": {"start": 0.0, "end": 0.9, "steps": 9}, "max_norm": 1.0},
        "train": {"precision": precision},
    }
    whole, expected = run("whole", **sections)
    folder, record = run("parts", stop=step, **sections)
    assert (record.status, record.steps_completed) == ("interrupted", step)
    assert folder.checkpoint.exists()
    _, record = run("parts", **sections)
    assert timeless(folder.path) == timeless(whole.path)
    assert record.final == expected.final
    assert not folder.checkpoint.exists()


def test_rarer_evaluation_changes_nothing_but_the_rows(run: Run) -> None:
    train = {"epochs": 7, "batch_size": 50}
    often = run("often", model=REGULARIZED, train=train)
    rarely = run("rarely", model=REGULARIZED, train=train | {"eval_every": 3})
    assert [line for line in timeless(often[0].path) if line[0] in ("epoch", "3", "6", "7")] == timeless(
        rarely[0].path
    )
    assert rarely[1].final == often[1].final
    assert rarely[1].epochs_completed == 7


@pytest.mark.parametrize("step", [5, 12, 20, 27, 40])
def test_a_stopped_run_that_is_rarely_evaluated_goes_on_to_the_same_bytes(run: Run, step: int) -> None:
    train = {"epochs": 7, "batch_size": 50, "eval_every": 3}
    whole, _ = run("whole", model=REGULARIZED, train=train)
    part, record = run("part", stop=step, model=REGULARIZED, train=train)
    assert record.steps_completed == step
    load_run_folder(part.path)
    run("part", model=REGULARIZED, train=train)
    assert timeless(part.path) == timeless(whole.path)
    assert load_run_folder(part.path).record.status == "done"


def test_the_epoch_of_the_stop_rule_is_evaluated(run: Run) -> None:
    rule = {"epoch": 2, "train_loss_above": 2.0}
    folder, record = run(optim={"lr": 1e-9}, train={"epochs": 7, "eval_every": 5, "stop_if": rule})
    assert (record.status, [row.epoch for row in read_rows(folder.metrics)]) == ("stopped", [2])


def test_rows_that_are_gone_are_written_anew_from_the_checkpoint(run: Run) -> None:
    whole, _ = run("whole")
    folder, _ = run("parts", stop=13)
    folder.metrics.unlink()
    _, record = run("parts")
    assert timeless(folder.path) == timeless(whole.path)
    assert record.processes[-1].from_step == 13


def test_a_folder_in_use_is_refused(run: Run) -> None:
    folder, _ = run()
    with folder.lock(), pytest.raises(FolderBusyError, match="another process"):
        run(fresh=True)


@pytest.mark.parametrize(
    "toggle",
    [
        {"model": {"batch_norm": True}},
        {"model": {"drop_prob": {"hidden": 0.5}}},
        {"optim": {"max_norm": 1.0}},
        {"optim": {"momentum": 0.5}},
    ],
    ids=["batch_norm", "dropout", "max_norm", "momentum"],
)
def test_runs_that_differ_in_one_toggle_see_the_same_images(
    tmp_path: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch, toggle: dict[str, Any]
) -> None:
    """The images of every step are recorded where the loop gathers them."""
    from regx.data.images import Images

    seen: list[torch.Tensor] = []
    gather = Images.batch

    def recording_gather(self: Images, rows: torch.Tensor | slice) -> tuple[torch.Tensor, torch.Tensor]:
        if isinstance(rows, torch.Tensor):  # training steps gather by index, evaluation by slice
            seen.append(self.pixels[rows].clone())
        return gather(self, rows)

    monkeypatch.setattr(Images, "batch", recording_gather)
    for name, sections in (("plain", {}), ("toggled", toggle)):
        config = config_of(**sections)
        train_run(config, RunFolder(tmp_path / name), digits, Quiet())
    assert len(seen) == 2 * 18
    assert all(torch.equal(a, b) for a, b in zip(seen[:18], seen[18:], strict=True))
    assert not torch.equal(seen[0], seen[6])  # another epoch, another order


def test_switched_off_is_bit_identical_to_never_there(run: Run) -> None:
    never, _ = run("never")
    off, _ = run("off", model={"drop_prob": {"input": 0.0, "conv": 0.0, "hidden": 0.0}, "batch_norm": False})
    assert never.path.name == off.path.name
    assert timeless(never.path) == timeless(off.path)


def test_blown_up_weights_are_a_status(run: Run) -> None:
    folder, record = run(model={"family": "mlp", "hidden_sizes": [64, 64, 64]}, optim={"lr": 1e6})
    assert record.status == "diverged"
    assert record.failure is not None
    assert record.failure.kind == "non_finite"
    assert record.final is None
    assert len(read_rows(folder.metrics) if folder.metrics.exists() else []) == record.epochs_completed
    assert "NaN" not in folder.record.read_text().replace(record.failure.message, "")
    assert json.loads(folder.record.read_text())["status"] == "diverged"


def test_a_loss_that_overflows_on_the_test_set_alone_is_a_status(digits: Dataset, tmp_path: Path) -> None:
    """Black training and validation images pass through huge weights; the test images do not."""
    black = replace(
        digits,
        pool_images=torch.zeros_like(digits.pool_images),
        valid_images=torch.zeros_like(digits.valid_images),
    )
    config = config_of(
        data={"preprocess": "none"},
        model={"family": "mlp", "hidden_sizes": [16] * 7, "init": {"gain": 1e6}},
        optim={"lr": 1e-9},
    )
    record = train_run(config, RunFolder(tmp_path / "a"), black, Quiet())
    assert record.epochs_completed == 3
    assert record.status == "diverged"
    assert record.failure is not None
    assert record.failure.kind == "non_finite"
    assert record.final is None


def test_learning_nothing_is_a_note_on_a_run_that_is_done(run: Run) -> None:
    """Nine tenths of ln 10 is the limit; a rate this small leaves the loss at ln 10."""
    _, record = run(optim={"lr": 1e-9})
    assert (record.status, record.ending, record.has_learned) == ("done", "hardly learned", False)
    assert record.failure is None
    assert record.note is not None
    assert record.note.message.startswith("the training loss is 2.3")
    assert record.final is not None
    assert record.final.train_loss == pytest.approx(math.log(10), abs=0.15)


def test_leftovers_of_a_kill_are_removed(run: Run) -> None:
    folder, _ = run("parts", stop=5)
    leftover = folder.path / ".checkpoint.pt.abc.part"
    leftover.write_bytes(b"half")
    run("parts")
    assert not leftover.exists()


def test_rows_that_a_disk_damaged_mean_a_new_start(run: Run) -> None:
    whole, _ = run("whole")
    folder, _ = run("parts", stop=13)
    folder.metrics.write_bytes(folder.metrics.read_bytes().replace(b"0.9,", b"\xff,"))
    run("parts")
    assert timeless(folder.path) == timeless(whole.path)


def test_a_reader_never_takes_another_reader_for_a_trainer(run: Run) -> None:
    folder, _ = run()
    with (folder.path / ".lock").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert not folder.is_locked()
    with folder.lock():
        assert folder.is_locked()
