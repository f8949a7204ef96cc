"""The figure of a claim shows the numbers that were given, and names the marks that are there."""

import re
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from drawing import draw
from matplotlib.axes import Axes
from run_builder import build_run, write_probes

from regx.claims.results import PartResult
from regx.figures.claim import save_claim_figure
from regx.figures.claim_evidence import GridPanel, Panel, PanelRow, PartEvidence, RunPanels, Side
from regx.figures.grid import GridLine
from regx.measures.measure import Course, Line
from regx.measures.registry import find_measure
from regx.runs.load import load_run_folder
from regx.runs.probes import ProbeValue

NAN = float("nan")


def line_of(measure: str, folder: Path, rows: list[tuple[int, str, str, float]]) -> Line:
    path = build_run(folder)
    write_probes(path, [ProbeValue(*row) for row in rows])
    course = find_measure(measure).course
    assert course is not None
    return course.of(load_run_folder(path))


def courses(folder: Path, *sides: tuple[str, str, list[Line]]) -> RunPanels:
    """Gather what probes are said to have found: quantity, side, and a line for each seed."""
    panels = RunPanels()
    seeds = range(max(len(lines) for _, _, lines in sides))
    folders = [build_run(Path(mkdtemp(dir=folder)), seed=seed) for seed in seeds]
    for title, label, lines in sides:
        runs = list(map(load_run_folder, folders[: len(lines)]))
        course = Course(title=title, unit="fraction", x="step", of=lambda run, of=lines: of[run.record.seed])
        panels.add_course(course, label, runs)
    return panels


def result(**update: Any) -> PartResult:
    part = PartResult(
        part="1", measure="test_loss", contrast="a - b", unit="nats", criterion="smallest_effect",
        amount=0.1, num_seeds=10, holds=True, opposes=False, p=0.0, p_against=1.0, p_null=1.0,
        mean=0.5, low=0.4, high=0.6, low_90=0.45, high_90=0.55, differences={0: 0.4, 1: 0.6},
    )  # fmt: skip
    return part.model_copy(update=update)


def drawn(folder: Path, rows: list[PanelRow], *, seeds: int = 2, **update: Any) -> dict[str, Axes]:
    """Draw a claim of one part: its panels by title or label, and its caption."""
    sides = tuple(Side(label=label, values=(0.5,) * seeds, num_censored=0) for label in ("a", "b"))
    part = PartEvidence(result=result(**update), sides=sides, unit="nats")
    figure, _ = draw(partial(save_claim_figure, title="X01  It does.", parts=[part], panels=rows), folder)
    return {axes.get_title(loc="left") or str(axes.get_label()).split()[0]: axes for axes in figure.axes}


class TestCourses:
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

    def test_a_line_goes_where_every_seed_has_a_value(self, tmp_path: Path) -> None:
        panels = courses(tmp_path, ("error", "a", [{1: 0.1, 2: 0.2, 3: 0.3}, {1: 0.3, 3: 0.5}]))
        [line] = drawn(tmp_path, panels.rows(), seeds=0)["error (%)"].lines[2:]  # thin ones before it
        assert list(line.get_xdata()) == [1, 3]
        assert list(line.get_ydata()) == pytest.approx([20, 40])

    def test_arms_share_a_panel_and_quantities_a_row(self, tmp_path: Path) -> None:
        line = [{1: 1.0, 2: 1.0, 3: 1.0}]
        [row] = courses(tmp_path, ("x", "a", line), ("x", "b", line), ("y", "a", line)).rows()
        axes = drawn(tmp_path, [row])
        assert [len(axes[title].lines) for title in ("x (%)", "y (%)")] == [2, 1]

    def test_a_third_quantity_has_a_row_of_its_own(self, tmp_path: Path) -> None:
        assert len(courses(tmp_path, *((name, "a", [{1: 1.0}]) for name in "xyz")).rows()) == 2

    def test_lines_of_two_arms_by_one_name_do_not_hide_one_another(self, tmp_path: Path) -> None:
        first, second = ([{1: value, 2: value, 3: value}] for value in (0.1, 0.4))
        assert len(courses(tmp_path, ("x", "drift", first), ("x", "drift", second)).courses) == 2
        assert len(courses(tmp_path, ("x", "drift", first), ("x", "drift", first)).courses) == 1


def over_grid(censored: int, *numbers: float | None) -> GridPanel:
    """Two values of an axis: five seeds that all answer, and others."""
    line = GridLine(numbers={0.1: (0.5,) * 4 + (0.6,), 0.2: numbers}, num_censored={0.1: 0, 0.2: censored})
    return GridPanel(title="final_valid_loss (nats)", axis="optim.lr", lines={"a": line})


class TestGrids:
    @pytest.mark.parametrize(
        ("panel", "expected"),
        [
            (over_grid(0, *[0.7] * 5), {0.1, 0.2}),
            (over_grid(2, *[0.7] * 5), {0.1}),
            (over_grid(0, *[0.7] * 4, None), {0.1}),
        ],
    )
    def test_there_is_no_mean_where_a_number_is_missing_or_a_budget_stands_for_it(
        self, tmp_path: Path, panel: GridPanel, expected: set[float]
    ) -> None:
        axes = drawn(tmp_path, [[panel]])["final_valid_loss (nats)"]
        lines = [line for line in axes.lines if line.get_alpha() is None and line.get_marker() in ("", "o")]
        assert {float(x) for line in lines for x in line.get_xdata()} == expected

    def test_what_is_marked_is_counted(self, tmp_path: Path) -> None:
        axes = drawn(tmp_path, [[over_grid(2, 0.7, 0.7, 0.7, 0.7, None)]])["final_valid_loss (nats)"]
        assert [text.get_text() for text in axes.texts][:2] == ["2", "1"]


class TestStrips:
    def test_the_same_numbers_give_the_same_bytes(self, tmp_path: Path) -> None:
        contents = []
        for _ in range(2):
            drawn(tmp_path, [[over_grid(1, 0.7, None)]])
            contents.append((tmp_path / "a.svg").read_bytes())
        assert contents[0] == contents[1]

    def test_every_seed_is_a_dot_and_dots_in_one_place_stand_apart(self, tmp_path: Path) -> None:
        axes = drawn(tmp_path, [], seeds=3)["sides"]
        dots = [line for line in axes.lines if line.get_marker() == "o"]
        assert [len(set(zip(*line.get_data(), strict=True))) for line in dots] == [3, 3]

    @pytest.mark.parametrize(
        ("criterion", "dashed"),
        [("smallest_effect", {0.1}), ("within", {-0.1, 0.1}), ("not_worse_than", {-0.1}), ("", set())],
    )
    def test_what_was_asked_for_is_dashed(self, tmp_path: Path, criterion: str, dashed: set[float]) -> None:
        axes = drawn(tmp_path, [], criterion=criterion)["differences"]
        assert {line.get_xdata()[0] for line in axes.lines if line.is_dashed()} == dashed  # type: ignore[index]
        low, high = axes.get_xlim()
        assert all(low < at < high for at in dashed)

    def test_a_part_without_numbers_says_why(self, tmp_path: Path) -> None:
        axes = drawn(tmp_path, [], seeds=0, mean=None, differences={}, problem="1 of 2 never reached it")
        assert list(axes) == ["sides"]
        assert "1 of 2 never reached it" in (tmp_path / "a.svg").read_text()


class TestCaptions:
    @staticmethod
    def caption(folder: Path, rows: list[PanelRow], **update: Any) -> str:
        drawn(folder, rows, **update)
        words = re.findall("<!-- (.*?) -->", (folder / "a.svg").read_text())
        return "|".join(words[next(at for at, text in enumerate(words) if text.startswith("dots")) :])

    def test_they_name_what_is_there(self, tmp_path: Path) -> None:
        lines = {"a": tuple([(1.0, 1.0), (2.0, 1.0)] for _ in range(5))}
        rows: list[PanelRow] = [[Panel(title="x", x="step", lines=lines)], [over_grid(1, 0.7, None)]]
        assert self.caption(tmp_path, rows, holds=False) == (
            "dots: each seed; diamond and line: mean, 95 % t-interval; thick bar: 90 % interval|"
            "thick line: mean of the seeds; band: its 95 % t-interval|"
            "line: mean of the seeds where none diverged; dots: each seed; "
            "× at the top: runs that diverged or were stopped, and how many; △:|"
            "runs that were not there when their steps ended, and how many|"
            "grey: less than the smallest effect of the claim (dashed)"
        )

    def test_they_do_not_name_what_is_not(self, tmp_path: Path) -> None:
        few = {"criterion": "", **dict.fromkeys(("low", "high", "low_90", "high_90"))}
        rows: list[PanelRow] = [[Panel(title="x", x="step", lines={"a": ([(1.0, 1.0), (2.0, 1.0)],) * 2})]]
        text = "dots: each seed; diamond: mean"
        assert self.caption(tmp_path, [], **few) == text
        assert self.caption(tmp_path, rows, **few) == f"{text}|thick line: mean of the seeds; thin: each seed"
