"""All claims in one figure: the effect that a verdict rests on, in multiples of what was asked for."""

import re
from pathlib import Path

import pytest
from claim_cases import Values, claim, spread, write_experiment, write_results
from matplotlib.axes import Axes
from sweep_builder import build_sweep

from regx.claims.judge import judge_tier
from regx.claims.registry import read_registry
from regx.claims.status import ClaimStatus, claim_statuses
from regx.figures.claim import save_figures
from regx.figures.claims import describe_claims, save_claims_figure

PROSE = "deviations: [No.], traps: [None.], published: [{figures: Half., where: Table 2, verified: read}]"


def rule(smallest_effect: float) -> str:
    return f"measure: test_loss, contrast: a - b, smallest_effect: {smallest_effect}, {PROSE}"


def judged(folder: Path, *paths: tuple[Path, Values]) -> list[ClaimStatus]:
    """Judge experiments with given numbers."""
    for path, values in paths:
        write_results(folder / "results", path, values)
    registry = read_registry([folder / "experiments"])
    judge_tier(registry, folder / "results", "cpu")
    return claim_statuses(registry, folder / "results")


def effects(path: Path, found: list[ClaimStatus]) -> tuple[Axes, list[float]]:
    """Draw claims; where their diamonds stand."""
    [axes] = save_claims_figure(path / "a.svg", found).axes
    return axes, [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "D"]


def of_size(size: float) -> Values:
    return lambda _, arm, seed: size + spread(seed) if arm == "a" else 0.0


class TestAllClaims:
    def test_each_effect_is_in_multiples_of_the_smallest(self, tmp_path: Path) -> None:
        path = write_experiment(tmp_path, claim("X01", rule(0.1)) + claim("X02", rule(0.6), family="other"))
        found = judged(tmp_path, (path, of_size(0.3)))
        axes, places = effects(tmp_path, found)
        assert places == pytest.approx([3.0, 0.5])
        diamonds = [line for line in axes.lines if line.get_marker() == "D"]
        assert [line.get_ydata()[0] for line in diamonds] == [0, 1]
        assert diamonds[0].get_color() != diamonds[1].get_color()  # supported, contradicted
        words = describe_claims(found)
        assert words in (tmp_path / "a.svg").read_text()
        assert words.startswith(
            "X01 It does. supported (strong) +0.30 [0.28, 0.32] nats; X02 It does. contradicted (null)"
        )

    def test_an_effect_of_many_multiples_is_inside(self, tmp_path: Path) -> None:
        path = write_experiment(tmp_path, claim("X01", rule(0.001)))
        axes, places = effects(tmp_path, judged(tmp_path, (path, of_size(3.0))))
        assert places == pytest.approx([3000.0])
        assert places[0] < axes.get_xlim()[1] == -axes.get_xlim()[0]
        assert max(axes.get_xticks()) == 1000

    def test_of_several_settings_one_that_holds_is_shown(self, tmp_path: Path) -> None:
        first = write_experiment(tmp_path, claim("X01", f"{rule(0.1)}, any_of: [X01B]"))
        other = claim("X01B", f"part_of: X01, {rule(0.1)}")
        second = write_experiment(tmp_path, other.replace("family: own, ", ""), name="other")
        found = judged(tmp_path, (first, of_size(0.0)), (second, of_size(0.5)))
        assert found[0].label == "supported (strong)"
        assert effects(tmp_path, found)[1] == pytest.approx([5.0])

    def test_of_a_null_the_part_that_excludes_an_effect_is_shown(self, tmp_path: Path) -> None:
        """The first part is open, too noisy to tell."""

        def values(part: str, arm: str, seed: int) -> float:
            return (0.12 + 20 * spread(seed) if part == "1" else spread(seed)) if arm == "a" else 0.0

        second = "and: [{measure: test_error, contrast: a - b, smallest_effect: 0.1}]"
        path = write_experiment(tmp_path, claim("X01", f"{rule(0.1)}, {second}"))
        found = judged(tmp_path, (path, values))
        assert found[0].label == "contradicted (null)"
        assert effects(tmp_path, found)[1] == pytest.approx([0.0], abs=1e-9)

    def test_a_claim_without_results_has_a_row_without_an_effect(self, tmp_path: Path) -> None:
        write_experiment(tmp_path, claim("X01", rule(0.1)))
        found = claim_statuses(read_registry([tmp_path / "experiments"]), tmp_path / "results")
        axes, effect = effects(tmp_path, found)
        assert not effect
        assert "not run" in [text.get_text() for text in axes.texts]


def test_figures_are_drawn_of_the_experiments_that_were_asked_for(tmp_path: Path) -> None:
    first = write_experiment(tmp_path, claim("X01", f"{rule(0.1)}, any_of: [X01B]"))
    other = claim("X01B", f"part_of: X01, {rule(0.1)}").replace("family: own, ", "")
    second = write_experiment(tmp_path, other, name="other")
    for path in (first, second):
        write_results(tmp_path / "results", path, of_size(0.5))
    registry = read_registry([tmp_path / "experiments"])
    results = judge_tier(registry, tmp_path / "results", "cpu")
    save_figures(registry, results, {"try"}, tmp_path / "results", "cpu", tmp_path / "runs")
    assert [path.name for path in tmp_path.rglob("*.svg")] == ["X01.svg"]


@pytest.mark.parametrize(
    ("grid", "measure", "titles"),
    [
        ("", "test_error", ["Training loss (nats)", "Validation error (%)"]),
        ("", "test_loss", ["Training loss (nats)", "Validation loss (nats)"]),
        (
            "grid: {optim.lr: [0.1, 1.0]}\n",
            "range(final_valid_error)",
            ["final_valid_error (%), each run of the grid"],
        ),
    ],
)
def test_the_runs_of_a_claim_are_shown_below_it(
    tmp_path: Path, grid: str, measure: str, titles: list[str]
) -> None:
    path = write_experiment(tmp_path, claim("X01", rule(0.1).replace("test_loss", measure)))
    path.write_text(path.read_text().replace("seeds:", f"{grid}seeds:"))
    write_results(tmp_path / "results", path, of_size(0.5))
    build_sweep(
        tmp_path / "runs",
        {"a": {}, "b": {"optim.momentum": 0.5}},
        name="try",
        seeds=range(10),
        cells=[{"optim.lr": 0.1}, {"optim.lr": 1.0}] if grid else [{}],
        curves=lambda _arm, cell, seed: (
            {"status": "diverged"} if cell.get("optim.lr") == 1.0 and seed else {}
        ),
    )
    registry = read_registry([tmp_path / "experiments"])
    results = judge_tier(registry, tmp_path / "results", "cpu")
    save_figures(registry, results, {"try"}, tmp_path / "results", "cpu", tmp_path / "runs")
    [figure] = tmp_path.rglob("*.svg")
    texts = re.findall("<!-- (.*?) -->", figure.read_text())
    assert [text for text in texts if "loss (nats)" in text or "error (%)" in text] == titles
    assert texts.count("9") == (2 if grid else 0)  # runs that diverged, of either arm
