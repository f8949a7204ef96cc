"""Every ready-made config is one that loads, without a warning, and says how it is run."""

from pathlib import Path
from typing import Any

import pytest
from ready_made import CONFIG_FILES, ROOT

from regx.config import load_run
from regx.config.sections.model import num_parameters
from regx.config.warnings import run_warnings


@pytest.mark.parametrize("path", CONFIG_FILES, ids=lambda path: path.stem)
def test_it_loads_under_its_own_name_and_every_setting_has_an_effect(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regx.config.warnings.available_cores", lambda: 8)  # also on a smaller machine
    config = load_run(path)
    assert config.name == path.stem
    assert run_warnings(config) == []


@pytest.mark.parametrize("path", CONFIG_FILES, ids=lambda path: path.stem)
def test_it_begins_with_what_it_is_for_and_the_command_that_runs_it(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    assert len(comment) >= 2
    assert any(line.startswith(f"# regx train configs/{path.name}") for line in comment)


@pytest.mark.parametrize(
    ("plain", "other", "toggles"),
    [
        ("digits_plain", "digits_dropout", ["model.drop_prob.hidden"]),
        ("mnist_plain", "mnist_dropout", ["model.drop_prob.conv", "model.drop_prob.hidden"]),
        ("mnist_plain", "mnist_batch_norm", ["model.batch_norm"]),
        ("sigmoid_plain", "sigmoid_batch_norm", ["model.batch_norm"]),
    ],
)
def test_the_pairs_differ_in_nothing_but_the_toggle(plain: str, other: str, toggles: list[str]) -> None:
    first, second = (
        flat(load_run(ROOT / "configs" / f"{name}.yaml").model_dump()) for name in (plain, other)
    )
    assert [path for path in first if first[path] != second.get(path)] == ["name", *toggles]


def flat(settings: dict[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in settings.items():
        found |= flat(value, f"{above}{key}.") if isinstance(value, dict) else {above + key: value}
    return found


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
