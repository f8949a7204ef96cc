"""Every YAML file in the tree is a config that loads, without a notice, and says how it is run."""

from pathlib import Path

import pytest

from regx.config import load_run, notices
from regx.config.shapes import num_parameters

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "configs").rglob("*.yaml"))
EXPECTED = {
    "cifar10_cnn",
    "cifar10_srivastava",
    "digits_cnn",
    "digits_plain",
    "fashion_mnist_cnn",
    "mnist_batch_norm",
    "mnist_cnn",
    "mnist_dropout",
    "mnist_max_norm",
    "mnist_mlp",
    "mnist_plain",
    "sigmoid_batch_norm",
}


def test_the_starter_configs_are_there() -> None:
    assert {path.stem for path in FILES} >= EXPECTED


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_loads_under_its_own_name_and_every_setting_has_an_effect(path: Path) -> None:
    config = load_run(path)
    assert config.name == path.stem
    assert notices(config) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_begins_with_what_it_is_for_and_the_command_that_runs_it(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    assert len(comment) >= 2
    assert any(line.startswith(f"# regx train configs/{path.name}") for line in comment)


def test_the_pairs_differ_in_nothing_but_the_toggle() -> None:
    def settings(name: str) -> dict[str, object]:
        return load_run(ROOT / "configs" / f"{name}.yaml").model_dump()

    plain, dropout = settings("mnist_plain"), settings("mnist_dropout")
    dropout["name"], dropout["model"] = (
        plain["name"],
        {**dropout["model"], "drop_prob": plain["model"]["drop_prob"]},
    )  # type: ignore[dict-item,index]
    assert dropout == plain


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mnist_plain", 206_922), ("mnist_max_norm", 3_973_130), ("cifar10_srivastava", 10_071_562)],
)
def test_the_known_networks_have_their_known_size(name: str, expected: int) -> None:
    config = load_run(ROOT / "configs" / f"{name}.yaml")
    assert num_parameters(config.model, config.data.facts) == expected


def test_the_sigmoid_network_takes_50000_steps() -> None:
    config = load_run(ROOT / "configs" / "sigmoid_batch_norm.yaml")
    assert abs(config.num_steps - 50_000) <= 50
