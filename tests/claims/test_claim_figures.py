"""The figures of claims show the numbers that were given: what probes found, and every claim at once."""

from pathlib import Path

import pytest
from claim_cases import claim, spread, write_experiment, write_results
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from run_builder import build_run

from regx.claims.judge import judge_tier
from regx.claims.registry import read_registry
from regx.claims.seed_runs import CellRun
from regx.claims.standing import standings
from regx.report.claim_background import draw_background
from regx.report.claim_behind import TracePanel, Traces, backgrounds
from regx.report.claim_traces import Line, find_course
from regx.report.claims_figure import describe_claims, draw_claims, save_claims_figure
from regx.report.labels import in_two_lines
from regx.report.theme import log_ticks
from regx.runs.folder import RunFolder
from regx.runs.probes import ProbeValue, append_values
from regx.runs.table import load_run_folder

NAN = float("nan")


def line_of(measure: str, folder: Path, rows: list[tuple[int, str, str, float]]) -> Line:
    path = build_run(folder)
    append_values(RunFolder(path).probes, [ProbeValue(*row) for row in rows])
    course = find_course(measure)
    assert course is not None
    return course.of(CellRun({}, load_run_folder(path)))


class TestWhatIsBehindAMeasure:
    def test_hidden_layers_are_averaged_step_by_step(self, tmp_path: Path) -> None:
        rows = [
            (step, layer, "drift_output", value * step)
            for step in (1, 2, 3)
            for layer, value in (("hidden1", 1.0), ("hidden2", 3.0), ("output", 100.0))
        ]
        assert line_of("drift_rate_output", tmp_path, rows) == {1: 2.0, 2: 4.0, 3: 6.0}

    def test_the_whole_network_stands_for_its_layers(self, tmp_path: Path) -> None:
        rows = [
            (step, layer, "step_length", value)
            for step in (1, 2, 3)
            for layer, value in (("hidden1", 1.0), ("network", 5.0))
        ]
        assert line_of("step_shrinkage", tmp_path, rows) == {1: 5.0, 2: 5.0, 3: 5.0}

    def test_a_layer_without_a_gradient_is_left_out(self, tmp_path: Path) -> None:
        rows = [
            (step, layer, "relative_gradient_shift", value)
            for step in (1, 2, 3)
            for layer, value in (("hidden1", 0.5), ("output", NAN))
        ]
        assert line_of("gradient_shift", tmp_path, rows) == {1: 0.5, 2: 0.5, 3: 0.5}

    def test_two_points_are_no_course(self, tmp_path: Path) -> None:
        rows = [(step, "network", "non_additivity", 0.5) for step in (100, 200)]
        assert line_of("non_additivity", tmp_path, rows) == {}

    def test_an_average_is_shown_against_how_many_are_averaged(self, tmp_path: Path) -> None:
        rows = [(9, "network", f"mc_arithmetic_error_k{k}", 1 / k) for k in (1, 10, 200)]
        found = line_of("mc_arithmetic_error_k200", tmp_path, rows)
        assert found == {1: 1.0, 10: 0.1, 200: 0.005}

    def test_scaled_weights_are_the_same_however_many_are_averaged(self, tmp_path: Path) -> None:
        found = line_of("weight_scaling_nll", tmp_path, [(9, "network", "weight_scaling_nll", 0.3)])
        assert (found[1], found[200], set(found.values())) == (0.3, 0.3, {0.3})

    @pytest.mark.parametrize("measure", ["test_error", "subset_readout_accuracy", "mc_arithmetic_matching_k"])
    def test_a_number_of_one_moment_has_none(self, measure: str) -> None:
        assert find_course(measure) is None


def traces(name: str, **lines: list[Line]) -> Traces:
    panel = TracePanel(unit="fraction", x="step", lines={arm: tuple(one) for arm, one in lines.items()})
    return Traces(panels={name: panel})


def drawn(behind: Traces) -> dict[str, Axes]:
    figure = Figure(figsize=(7.8, 4))
    order = {label: index for index, label in enumerate(behind.labels)}

    def place(left: float, top: float, width: float, height: float, label: str) -> Axes:
        return figure.add_axes((left / 7.8, 1 - (top + height) / 4, width / 7.8, height / 4), label=label)

    draw_background(place, behind, 0, order)
    return {axes.get_title(): axes for axes in figure.axes}


class TestTraces:
    def test_the_line_is_the_mean_where_every_seed_has_a_value(self) -> None:
        axes = drawn(traces("error", a=[{1: 0.1, 2: 0.2, 3: 0.3}, {1: 0.3, 3: 0.5}]))["error (%)"]
        [line] = axes.lines
        assert list(line.get_xdata()) == [1, 3]
        assert list(line.get_ydata()) == pytest.approx([20, 40])
        assert [text.get_text() for text in axes.texts] == ["a"]

    def test_arms_share_a_panel_and_quantities_a_row(self) -> None:
        line = [{1: 1.0, 2: 1.0, 3: 1.0}]
        [one] = backgrounds([[traces("x", a=line)], [traces("x", b=line)], [traces("y", a=line)]])
        panels = drawn(one)  # type: ignore[arg-type]
        assert {title: len(axes.lines) for title, axes in panels.items()} == {"x (%)": 2, "y (%)": 1}

    def test_a_third_quantity_has_a_row_of_its_own(self) -> None:
        line = [{1: 1.0, 2: 1.0, 3: 1.0}]
        assert len(backgrounds([[traces(name, a=line)] for name in "xyz"])) == 2


RULE = (
    "measure: test_loss, contrast: a - b, smallest_effect: {}, deviations: [No.], traps: [None.], "
    "published: [{{figures: Half., where: Table 2, verified: read}}]"
)


class TestAllClaims:
    def test_each_effect_is_in_multiples_of_the_smallest(self, tmp_path: Path) -> None:
        path = write_experiment(
            tmp_path, claim("X01", RULE.format(0.1)) + claim("X02", RULE.format(0.6), family="other")
        )
        write_results(
            tmp_path / "results", path, lambda _, arm, seed: 0.3 + spread(seed) if arm == "a" else 0.0
        )
        registry = read_registry([tmp_path / "experiments"])
        judge_tier(registry, tmp_path / "results", "cpu")
        found = standings(registry, tmp_path / "results")
        figure = Figure()
        draw_claims(figure, found)
        [axes] = figure.axes
        diamonds = [line for line in axes.lines if line.get_marker() == "D"]
        assert [line.get_xdata()[0] for line in diamonds] == pytest.approx([3.0, 0.5])
        assert [line.get_ydata()[0] for line in diamonds] == [0, 1]
        assert diamonds[0].get_color() != diamonds[1].get_color()  # supported, contradicted
        save_claims_figure(tmp_path / "a.svg", found)
        words = describe_claims(found)
        assert words in (tmp_path / "a.svg").read_text()
        assert words.startswith(
            "X01 It does. supported (strong) +0.30 [0.28, 0.32] nats; X02 It does. contradicted (null)"
        )

    def test_a_claim_without_results_has_a_row_without_an_effect(self, tmp_path: Path) -> None:
        write_experiment(tmp_path, claim("X01", RULE.format(0.1)))
        figure = Figure()
        draw_claims(figure, standings(read_registry([tmp_path / "experiments"]), tmp_path / "results"))
        [axes] = figure.axes
        assert not [line for line in axes.lines if line.get_marker() == "D"]
        assert "not run" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (150, 830, [200, 300, 500, 700]),
        (0.02, 4, [0.03, 0.1, 0.3, 1, 3]),
        (0.0004, 90, [0.001, 0.01, 0.1, 1, 10]),
        (0.0004, 9000, [0.001, 0.1, 10, 1000]),
        (3.2, 4.1, [3.2, 4.1]),
    ],
)
def test_logarithmic_ticks_are_few_and_round(low: float, high: float, expected: list[float]) -> None:
    assert log_ticks(low, high) == pytest.approx(expected)


def test_long_names_break_where_both_parts_stay_whole() -> None:
    assert in_two_lines("mc_arithmetic_error_k200", 15) == "mc_arithmetic_\nerror_k200"
    assert in_two_lines("batch_norm_probed", 15) == "batch_norm_\nprobed"
    assert in_two_lines("one_averylongnamethatdoesnotfit", 12) == "one_\navery…otfit"
    assert in_two_lines("batch_norm", 15) == "batch_norm"
    assert in_two_lines("averyveryverylongname", 11) == "avery…gname"
