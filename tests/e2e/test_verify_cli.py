"""`regx verify` trains again and compares."""

from collections.abc import Callable
from pathlib import Path

import pytest

CONFIG = """
name: small
data: {name: digits, train_size: 200}
model: {family: mlp, hidden_sizes: [16], drop_prob: {hidden: 0.2}}
optim: {lr: 0.1}
train: {epochs: 4, batch_size: 50}
device: cpu
"""


@pytest.fixture
def folder(cli: Callable, tmp_path: Path) -> Path:
    config = tmp_path / "small.yaml"
    config.write_text(CONFIG)
    return Path(cli("train", config, "--quiet").out.strip())


def test_the_same_again_is_identical(cli: Callable, folder: Path) -> None:
    result = cli("verify", folder)
    assert result.code == 0
    assert result.out == f"identical: {folder}\n"


def test_a_digit_that_was_changed_is_found(cli: Callable, folder: Path) -> None:
    lines = (folder / "metrics.csv").read_text().splitlines(keepends=True)
    cells = lines[2].split(",")
    cells[4] = "0.123"
    (folder / "metrics.csv").write_text("".join([*lines[:2], ",".join(cells), *lines[3:]]))
    result = cli("verify", folder, "--quiet")
    assert result.code == 1
    assert result.out == f"different: {folder}\n"
    assert "epoch 2, train_loss: 0.123 ->" in result.err


class TestProbes:
    @pytest.fixture
    def probed(self, cli: Callable, tmp_path: Path) -> Path:
        config = tmp_path / "probed.yaml"
        config.write_text(CONFIG.replace("device:", "probes: [weight_norms, activation_drift]\ndevice:"))
        return Path(cli("train", config, "--quiet").out.strip())

    def test_the_same_again_is_identical(self, cli: Callable, probed: Path) -> None:
        assert len((probed / "probes.csv").read_text().splitlines()) > 10
        assert cli("verify", probed, "--quiet").out == f"identical: {probed}\n"

    def test_a_number_that_was_changed_is_found(self, cli: Callable, probed: Path) -> None:
        lines = (probed / "probes.csv").read_text().splitlines()
        step, layer, quantity, _ = lines[3].split(",")
        lines[3] = f"{step},{layer},{quantity},0.5"
        (probed / "probes.csv").write_text("\n".join(lines) + "\n")
        result = cli("verify", probed, "--quiet")
        assert (result.code, result.out) == (1, f"different: {probed}\n")
        assert f"first difference: probes.csv: step {step}, {layer}, {quantity}: 0.5 -> " in result.err

    def test_rows_that_are_missing_are_found(self, cli: Callable, probed: Path) -> None:
        (probed / "probes.csv").unlink()
        result = cli("verify", probed, "--quiet")
        assert result.code == 1
        assert "first difference: rows of probes.csv: 0 -> " in result.err

    def test_a_damaged_file_is_one_line(self, cli: Callable, probed: Path) -> None:
        (probed / "probes.csv").write_text("something else\n")
        result = cli("verify", probed)
        assert (result.code, result.err.count("\n")) == (2, 1)
        assert "probes.csv:1: has another header" in result.err


def test_another_environment_is_named_and_compared_within_a_tolerance(cli: Callable, folder: Path) -> None:
    record = folder / "run.json"
    text = record.read_text()
    start = text.index('"test_error"')
    test_error = text[start : text.index("\n", start)]
    moved = f'"test_error": {float(test_error.split()[1]) + 0.002}'
    record.write_text(text.replace('"numpy": "', '"numpy": "1.').replace(test_error, moved))
    result = cli("verify", folder, "--quiet")
    assert result.code == 0, result.err
    assert result.out == f"within tolerance: {folder}\n"
    assert "numpy: 1." in result.err
    assert "first difference: final metrics" in result.err


def test_other_data_is_another_run(cli: Callable, folder: Path) -> None:
    record = folder / "run.json"
    text = record.read_text()
    moved = text.replace('"data_sha256": "', '"data_sha256": "0').replace('"test_loss": ', '"test_loss": 1')
    record.write_text(moved.replace('"numpy": "', '"numpy": "1.'))
    result = cli("verify", folder, "--quiet")
    assert result.code == 1
    assert "data_sha256: 0" in result.err


def test_an_unfinished_run_is_refused(cli: Callable, folder: Path) -> None:
    record = folder / "run.json"
    record.write_text(record.read_text().replace('"status": "done"', '"status": "running"'))
    result = cli("verify", folder)
    assert result.code == 2
    assert "interrupted" in result.err
