"""The figure of a claim shows the numbers that were given, and names the marks that are there."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from run_builder import build_run, write_probes

from regx.claims.results import PartResult
from regx.figures.claim import caption_of, draw_background
from regx.figures.claim_data import Background, Curves, Ladder, TracePanel, Traces, backgrounds
from regx.figures.labels import in_two_lines
from regx.figures.theme import log_ticks
from regx.measures.measure import Line
from regx.measures.registry import find_measure
from regx.runs.probes import ProbeValue
from regx.runs.table import load_run_folder

NAN = float("nan")


def line_of(measure: str, folder: Path, rows: list[tuple[int, str, str, float]]) -> Line:
    path = build_run(folder)
    write_probes(path, [ProbeValue(*row) for row in rows])
    course = find_measure(measure).course
    assert course is not None
    return course.of(load_run_folder(path))


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
        averaged = [(9, "network", f"mc_arithmetic_nll_k{k}", 1 / k) for k in (1, 10, 200)]
        found = line_of(
            "weight_scaling_nll", tmp_path, [*averaged, (9, "network", "weight_scaling_nll", 0.3)]
        )
        assert found == {1: 0.3, 10: 0.3, 200: 0.3}

    @pytest.mark.parametrize("measure", ["test_error", "subset_readout_accuracy", "mc_arithmetic_matching_k"])
    def test_a_number_of_one_moment_has_none(self, measure: str) -> None:
        assert find_measure(measure).course is None


def traces(name: str, **lines: list[Line]) -> Traces:
    panel = TracePanel(unit="fraction", x="step", lines={arm: tuple(one) for arm, one in lines.items()})
    return Traces(panels={name: panel})


def drawn(behind: Background) -> dict[str, Axes]:
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

    def test_lines_of_two_arms_by_one_name_do_not_hide_one_another(self) -> None:
        first, second = ([{1: value, 2: value, 3: value}] for value in (0.1, 0.4))
        assert len(backgrounds([[traces("x", drift=first)], [traces("x", drift=second)]])) == 2
        assert len(backgrounds([[traces("x", drift=first)], [traces("x", drift=first)]])) == 1


def ladder(censored: int, *numbers: float | None) -> Ladder:
    """Two values of an axis: five seeds that all answer, and others."""
    return Ladder(
        axis="optim.lr",
        measure="final_valid_loss",
        unit="nats",
        points={"a": {0.1: (0.5,) * 4 + (0.6,), 0.2: numbers}},
        num_censored={"a": {0.1: 0, 0.2: censored}},
    )


class TestLadders:
    def test_there_is_no_mean_where_a_number_is_missing_or_a_budget_stands_for_it(self) -> None:
        for behind, expected in (
            (ladder(0, *[0.7] * 5), {0.1, 0.2}),
            (ladder(2, *[0.7] * 5), {0.1}),
            (ladder(0, *[0.7] * 4, None), {0.1}),
        ):
            [axes] = drawn(behind).values()
            lines = [
                line for line in axes.lines if line.get_alpha() is None and line.get_marker() in ("", "o")
            ]
            assert {float(x) for line in lines for x in line.get_xdata()} == expected

    def test_what_is_marked_is_counted(self) -> None:
        [axes] = drawn(ladder(2, 0.7, 0.7, 0.7, 0.7, None)).values()
        assert [text.get_text() for text in axes.texts][:2] == ["2", "1"]


class TestCaptions:
    @staticmethod
    def result(**update: Any) -> PartResult:
        part = PartResult(
            part="1", measure="test_loss", contrast="a - b", unit="nats", criterion="smallest_effect",
            amount=0.1, num_seeds=10, holds=True, opposes=False, p=0.0, p_against=1.0, p_null=1.0,
            mean=0.5, low=0.4, high=0.6, low_90=0.45, high_90=0.55,
        )  # fmt: skip
        return part.model_copy(update=update)

    def test_they_name_what_is_there(self) -> None:
        line = {1: 1.0, 2: 1.0, 3: 1.0}
        text = caption_of([self.result(holds=False)], [traces("x", a=[line] * 5), ladder(1, 0.7, None)])
        assert text.replace("\n", " ") == (
            "dots: each seed; diamond and line: mean, 95 % t-interval; thick bar: 90 % interval; "
            "curves: mean of the seeds, with its 95 % band "
            "grey: smaller than the smallest effect that was asked for (dashed); ×: runs that diverged, and "
            "how many; △: runs that were not there when their steps ended, and how many"
        )

    def test_they_do_not_name_what_is_not(self, tmp_path: Path) -> None:
        few = self.result(holds=False, low=None, high=None, low_90=None, high_90=None, criterion="")
        runs = tuple(load_run_folder(build_run(tmp_path / str(seed), seed=seed)) for seed in range(2))
        curves = Curves(runs={"a": runs}, shows=frozenset({"loss"}))
        text = "dots: each seed; diamond: mean; curves: mean of the seeds; thin: each seed"
        assert caption_of([few], [curves]) == text
        assert caption_of([few], []) == "dots: each seed; diamond: mean"


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
