"""What a disk, a copy or an editor did to the files of a run never reaches its results, and is named."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from small_config import small_config
from watching import Quiet, timeless

from regx.config import RunConfig, config_hash
from regx.data.load import Dataset
from regx.runs.folder import RunFolder
from regx.runs.metrics import read_rows
from regx.runs.record import RunRecord
from regx.training.checkpoint import SEAL_LENGTH, UnusableError, load_checkpoint
from regx.training.run import train_run

CONFIG = small_config(
    data={"train_size": 60, "augment": "crop_flip"},
    model={"hidden_sizes": [8], "batch_norm": True, "drop_prob": {"hidden": 0.2}},
    optim={"momentum": 0.9},
    train={"batch_size": 20},
    probes=["weight_norms"],
)
STOP = 7  # of 9 steps: two rows are written, and the third epoch has begun
FILES = ("checkpoint.pt", "metrics.csv", "probes.csv")


def train(
    folder: RunFolder, dataset: Dataset, stop: int | None = None, **options: bool
) -> tuple[RunRecord, list[str]]:
    watch = Quiet(stop)
    return train_run(CONFIG, folder, dataset, watch, **options), watch.notices


def result(folder: RunFolder) -> tuple[object, ...]:
    """All that must not depend on what happened on the way."""
    record = RunRecord.read(folder.record)
    return timeless(folder.path), folder.probes.read_bytes(), record.final, record.best, record.status


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> tuple[object, ...]:
    folder = RunFolder(tmp_path_factory.mktemp("undisturbed"))
    train(folder, digits)
    return result(folder)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> dict[str, bytes]:
    folder = RunFolder(tmp_path_factory.mktemp("stopped"))
    record, _ = train(folder, digits, stop=STOP)
    assert (record.status, len(read_rows(folder.metrics))) == ("interrupted", 2)
    return {path.name: path.read_bytes() for path in folder.path.iterdir() if path.name != ".lock"}


def cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def flip(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]


def zero(content: bytes, rng: random.Random) -> bytes:
    at, length = rng.randrange(len(content)), rng.randrange(1, 512)
    return content[:at] + bytes(len(content[at : at + length])) + content[at + length :]


def check_damage(
    folder: RunFolder, dataset: Dataset, stopped: dict[str, bytes], expected: tuple[object, ...], number: int
) -> None:
    """Damage one file of an unfinished run, let it go on, and look at what comes out."""
    rng = random.Random(number)
    name, damage = FILES[number % 3], (cut, flip, zero)[number // 3 % 3]
    damaged = damage(stopped[name], rng)
    folder.create()
    for other, content in stopped.items():
        (folder.path / other).write_bytes(damaged if other == name else content)
    _, notices = train(folder, dataset)
    assert result(folder) == expected, f"damage {number}: {damage.__name__} of {name}"
    assert len(notices) == (damaged != stopped[name]), notices
    assert all(notice.startswith(str(folder.path / name)) and "\n" not in notice for notice in notices)


@pytest.mark.parametrize("number", range(27))
def test_a_damaged_unfinished_run_ends_with_the_same_bytes(
    number: int, tmp_path: Path, digits: Dataset, stopped: dict[str, bytes], undisturbed: tuple[object, ...]
) -> None:
    check_damage(RunFolder(tmp_path / "run"), digits, stopped, undisturbed, number)


@pytest.mark.faults
def test_no_damage_of_an_unfinished_run_reaches_its_results(
    tmp_path: Path, digits: Dataset, stopped: dict[str, bytes], undisturbed: tuple[object, ...]
) -> None:
    for number in range(27, 327):
        check_damage(RunFolder(tmp_path / str(number)), digits, stopped, undisturbed, number)


def test_no_flipped_bit_of_a_checkpoint_is_loaded(tmp_path: Path, stopped: dict[str, bytes]) -> None:
    content, path = stopped["checkpoint.pt"], tmp_path / "checkpoint.pt"
    rng = random.Random(1)
    for at in [*rng.sample(range(len(content)), 400), *range(len(content) - SEAL_LENGTH, len(content))]:
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :])
        with pytest.raises(UnusableError, match="damaged"):
            load_checkpoint(path, config_hash(CONFIG), CONFIG.seed)


def test_what_is_damaged_is_put_aside(tmp_path: Path, digits: Dataset, stopped: dict[str, bytes]) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    for name, content in stopped.items():
        (folder.path / name).write_bytes(content[:-1] if name == "checkpoint.pt" else content)
    _, [notice] = train(folder, digits)
    aside = folder.path / "checkpoint.pt.damaged"
    assert aside.read_bytes() == stopped["checkpoint.pt"][:-1]
    assert str(aside) in notice
    train(folder, digits, fresh=True)
    assert not aside.exists()


def test_the_checkpoint_of_another_config_is_put_aside(tmp_path: Path, digits: Dataset) -> None:
    folder, other = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "other")
    train(folder, digits, stop=STOP)
    config = CONFIG.model_copy(update={"optim": CONFIG.optim.model_copy(update={"lr": 0.2})})
    train_run(config, other, digits, Quiet(stop=STOP))
    folder.checkpoint.write_bytes(other.checkpoint.read_bytes())
    record, [notice] = train(folder, digits)
    assert "belongs to another config" in notice
    assert [process.from_step for process in record.processes] == [0]


def test_the_checkpoint_of_another_seed_is_put_aside(
    tmp_path: Path, digits: Dataset, stopped: dict[str, bytes], undisturbed: tuple[object, ...]
) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    other = CONFIG.model_copy(update={"seed": 1})
    train_run(other, folder, digits, Quiet(stop=STOP))
    folder.record.write_bytes(stopped["run.json"])  # with the rows of that seed, too
    _, notices = train(folder, digits)
    assert "it belongs to seed 1" in notices[0]
    assert result(folder) == undisturbed


@pytest.mark.parametrize("damage", ["missing", "cut", "another seed's"])
def test_a_checkpoint_does_without_run_json(
    damage: str,
    tmp_path: Path,
    digits: Dataset,
    stopped: dict[str, bytes],
    undisturbed: tuple[object, ...],
) -> None:
    folder = RunFolder.for_config(CONFIG, tmp_path)
    folder.create()
    for name, content in stopped.items():
        (folder.path / name).write_bytes(content)
    if damage == "missing":
        folder.record.unlink()
    elif damage == "cut":
        folder.record.write_bytes(stopped["run.json"][:-1])
    else:
        record = RunRecord.read(folder.record)
        record.model_copy(update={"seed": 1}).write(folder.record)
    record, notices = train(folder, digits)
    assert result(folder) == undisturbed
    assert [process.from_step for process in record.processes] == [0, STOP]
    assert [("run.json.damaged" in notice) for notice in notices] == [True] * (damage != "missing")


def test_rows_without_run_json_are_put_aside(tmp_path: Path, digits: Dataset) -> None:
    folder = RunFolder(tmp_path / "run")
    train(folder, digits)
    rows = folder.metrics.read_bytes()
    folder.record.unlink()
    _, notices = train(folder, digits)
    assert (folder.path / "metrics.csv.damaged").read_bytes() == rows
    assert [notice.partition(":")[0] for notice in notices] == [str(folder.metrics), str(folder.probes)]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"train.stop_if": {"epoch": 1, "train_loss_above": 0.1}},
        {"optim.lr": 1e5, "model.batch_norm": False},
    ],
    ids=["done", "stopped", "diverged"],
)
def test_the_end_is_not_gone_past(tmp_path: Path, digits: Dataset, changes: dict[str, object]) -> None:
    """A kept checkpoint is of the end: where only run.json was lost, the same is written again."""
    content = CONFIG.model_dump() | {"probes": ["weight_norms", "monte_carlo_dropout"]}
    for path, value in changes.items():
        section, _, key = path.partition(".")
        content[section] = content[section] | {key: value}
    config, folder = RunConfig.model_validate(content), RunFolder(tmp_path / "run")
    before = train_run(config, folder, digits, Quiet(), keep_checkpoint=True)
    expected = result(folder)
    folder.record.unlink()
    record = train_run(config, folder, digits, Quiet())
    assert result(folder) == expected
    assert (record.failure, record.note) == (before.failure, before.note)
    assert folder.checkpoint.name in record.files


def test_a_kept_checkpoint_is_read_by_torch(tmp_path: Path, digits: Dataset) -> None:
    folder = RunFolder(tmp_path / "run")
    record, _ = train(folder, digits, keep_checkpoint=True)
    assert set(record.files) == {"config.yaml", "metrics.csv", "probes.csv", "checkpoint.pt"}
    assert torch.load(folder.checkpoint, weights_only=True)["step"] == 9


class TestFinished:
    """A run that has ended vouches for its files."""

    @pytest.fixture
    def folder(self, tmp_path: Path, digits: Dataset) -> RunFolder:
        folder = RunFolder.for_config(CONFIG, tmp_path)
        train(folder, digits, keep_checkpoint=True)
        return folder

    @pytest.mark.parametrize(
        "name", ["config.yaml", "metrics.csv", "probes.csv", "checkpoint.pt", "run.json"]
    )
    @pytest.mark.parametrize("damage", [cut, flip, zero])
    def test_damage_is_named(
        self, folder: RunFolder, name: str, damage: Callable[[bytes, random.Random], bytes]
    ) -> None:
        path = folder.path / name
        path.write_bytes(damage(path.read_bytes(), random.Random(2)))
        with pytest.raises(ValueError, match=str(path)) as refused:
            folder.read_record()
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize("name", ["config.yaml", "metrics.csv", "probes.csv", "checkpoint.pt"])
    def test_what_is_missing_is_named(self, folder: RunFolder, name: str) -> None:
        (folder.path / name).unlink()
        with pytest.raises(ValueError, match=rf"{name}: is missing"):
            folder.read_record()

    def test_the_record_of_another_run_is_refused(
        self, folder: RunFolder, tmp_path: Path, digits: Dataset
    ) -> None:
        other = RunFolder.for_config(CONFIG.model_copy(update={"seed": 1}), tmp_path)
        train_run(CONFIG.model_copy(update={"seed": 1}), other, digits, Quiet())
        folder.record.write_bytes(other.record.read_bytes())
        with pytest.raises(ValueError, match="is of another run"):
            folder.read_record()

    def test_the_command_that_repairs_is_right(self, folder: RunFolder) -> None:
        folder.metrics.write_text("")
        words = ["regx", "train", str(folder.config), "--out", str(folder.path.parent), "--fresh"]
        assert folder.how_to_repair() == f"`{' '.join(words)}` trains it again"
        folder.record.write_text("{")  # the checkpoint, which was kept, has the rows as well
        assert folder.how_to_repair() == f"`{' '.join(words[:-1])}` continues from its checkpoint"
        folder.config.unlink()
        assert folder.how_to_repair() == f"remove {folder.path} and train the run again"


class TestMixed:
    """A run that several programs worked on says so."""

    @pytest.fixture
    def mixed(
        self, tmp_path: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> tuple[RunRecord, list[str]]:
        folder = RunFolder(tmp_path / "run")
        train(folder, digits, stop=4)
        monkeypatch.setattr("regx.training.environment.code_digest", lambda: "0123abcd")
        train(folder, digits, stop=1)
        return train(folder, digits)

    def test_every_process_is_recorded(self, mixed: tuple[RunRecord, list[str]]) -> None:
        record, _ = mixed
        assert [process.from_step for process in record.processes] == [0, 4, 5]
        assert [process.environment.code for process in record.processes][1:] == ["0123abcd"] * 2
        assert len(record.mixture) == 1
        assert record.mixture[0].endswith("-> 0123abcd at step 4")

    def test_only_the_change_is_told(self, mixed: tuple[RunRecord, list[str]]) -> None:
        assert mixed[1] == []

    def test_a_run_of_one_program_is_not_mixed(self, tmp_path: Path, digits: Dataset) -> None:
        folder = RunFolder(tmp_path / "run")
        train(folder, digits, stop=4)
        record, notices = train(folder, digits)
        assert (len(record.processes), record.mixture, notices) == (2, (), [])

    def test_a_process_that_took_no_step_does_not_count(
        self, tmp_path: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = RunFolder(tmp_path / "run")
        train(folder, digits, stop=4)
        with monkeypatch.context() as patch:
            patch.setattr("regx.training.environment.code_digest", lambda: "0123abcd")
            train(folder, digits, stop=0)
        record, _ = train(folder, digits)
        assert ([process.from_step for process in record.processes], record.mixture) == ([0, 4], ())

    def test_a_new_start_forgets_what_came_before(
        self, tmp_path: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = RunFolder(tmp_path / "run")
        train(folder, digits, stop=4)
        folder.checkpoint.unlink()
        monkeypatch.setattr("regx.training.environment.code_digest", lambda: "0123abcd")
        record, notices = train(folder, digits)
        assert (len(record.processes), record.mixture, notices) == (1, (), [])
