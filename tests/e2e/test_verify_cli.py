"""`regx verify` trains again and compares."""

from collections.abc import Callable
from pathlib import Path

import pytest
from run_builder import remove_checksums
from small_config import small_yaml
from watching import Quiet

from regx.config import load_run
from regx.data.load import load_dataset
from regx.runs.folder import RunFolder
from regx.training.run import train_run

CONFIG = small_yaml(model={"drop_prob": {"hidden": 0.2}}, train={"epochs": 4})


@pytest.fixture
def folder(cli: Callable, tmp_path: Path) -> Path:
    config = tmp_path / "small.yaml"
    config.write_text(CONFIG)
    return Path(cli("train", config, "--quiet").out.strip())


@pytest.fixture
def unguarded(folder: Path) -> Path:
    """A run whose files can be changed unnoticed."""
    remove_checksums(folder)
    return folder


def test_the_same_again_is_identical(cli: Callable, folder: Path) -> None:
    result = cli("verify", folder)
    assert result.code == 0
    assert result.out == f"identical: {folder}\n"


def test_a_digit_that_was_changed_is_found(cli: Callable, unguarded: Path) -> None:
    lines = (unguarded / "metrics.csv").read_text().splitlines(keepends=True)
    cells = lines[2].split(",")
    cells[4] = "0.123"
    (unguarded / "metrics.csv").write_text("".join([*lines[:2], ",".join(cells), *lines[3:]]))
    result = cli("verify", unguarded, "--quiet")
    assert result.code == 1
    assert result.out == f"different: {unguarded}\n"
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
        remove_checksums(probed)
        lines = (probed / "probes.csv").read_text().splitlines()
        step, layer, quantity, _ = lines[3].split(",")
        lines[3] = f"{step},{layer},{quantity},0.5"
        (probed / "probes.csv").write_text("\n".join(lines) + "\n")
        result = cli("verify", probed, "--quiet")
        assert (result.code, result.out) == (1, f"different: {probed}\n")
        assert f"first difference: probes.csv: step {step}, {layer}, {quantity}: 0.5 -> " in result.err

    def test_rows_that_are_missing_are_found(self, cli: Callable, probed: Path) -> None:
        remove_checksums(probed)
        (probed / "probes.csv").unlink()
        result = cli("verify", probed, "--quiet")
        assert result.code == 1
        assert "first difference: rows of probes.csv: 0 -> " in result.err

    def test_a_damaged_file_is_one_line(self, cli: Callable, probed: Path) -> None:
        (probed / "probes.csv").write_text("something else\n")
        result = cli("verify", probed)
        assert (result.code, result.err.count("\n")) == (2, 1)
        assert f"{probed}/probes.csv: is damaged" in result.err
        assert f"`regx train {probed}/config.yaml --out runs --fresh` trains it again" in result.err


def test_another_environment_is_named_and_compared_within_a_tolerance(cli: Callable, unguarded: Path) -> None:
    record = unguarded / "run.json"
    text = record.read_text()
    start = text.index('"test_error"')
    test_error = text[start : text.index("\n", start)]
    moved = f'"test_error": {float(test_error.split()[1]) + 0.002}'
    record.write_text(text.replace('"numpy": "', '"numpy": "1.').replace(test_error, moved))
    result = cli("verify", unguarded, "--quiet")
    assert result.code == 0, result.err
    assert result.out == f"within tolerance: {unguarded}\n"
    assert "numpy: 1." in result.err
    assert "first difference: final metrics" in result.err


def test_other_data_is_another_run(cli: Callable, unguarded: Path) -> None:
    record = unguarded / "run.json"
    text = record.read_text()
    moved = text.replace('"data_sha256": "', '"data_sha256": "0').replace('"test_loss": ', '"test_loss": 1')
    record.write_text(moved.replace('"numpy": "', '"numpy": "1.'))
    result = cli("verify", unguarded, "--quiet")
    assert result.code == 1
    assert "data_sha256: 0" in result.err


def test_an_unfinished_run_is_refused(cli: Callable, unguarded: Path) -> None:
    record = unguarded / "run.json"
    record.write_text(record.read_text().replace('"status": "done"', '"status": "running"'))
    result = cli("verify", unguarded)
    assert result.code == 2
    assert "interrupted" in result.err


def test_a_mixed_run_is_the_first_reason(
    cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "small.yaml"
    config.write_text(CONFIG)
    settings = load_run(config)
    with monkeypatch.context() as other:
        other.setattr("regx.training.environment.code_digest", lambda: "0123abcd")
        folder = RunFolder.for_config(settings, Path("runs"))
        train_run(settings, folder, load_dataset("digits"), Quiet(stop=3))
    trained = cli("train", config)
    assert (
        "note: runs/small-s0-ef96ad32: continues as another program than before (code 0123abcd -> "
        in trained.err
    )
    result = cli("verify", folder.path, "--quiet")
    assert result.out == f"identical: {folder.path}\n"
    first = result.err.splitlines()[1]
    assert first.startswith("  mixed, one program began it and another ended it: code 0123abcd -> ")
    cli("train", config, "--seed", 1)
    compared = cli("compare", "runs")
    said = "small seed 0 is mixed: one program began it and another ended it (code 0123abcd -> "
    assert said in " ".join(compared.out.split())
