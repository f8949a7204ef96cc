"""The figures: the same bytes each time, small, and with the words that they must carry."""

import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from run_builder import build_run
from sweep_builder import build_sweep

from regx.compare.compare import Comparison, compare
from regx.compare.grid import compare_grid
from regx.compare.select import group_runs, select
from regx.figures.compare import save_convergence, save_differences, save_overfitting
from regx.figures.grid import save_grid
from regx.figures.marks import EndLabel, in_two_lines, label_line_ends, thin_out
from regx.figures.run import save_curves
from regx.runs.table import Run, load_run_folder

MAX_BYTES = 300_000


def decaying(num_epochs: int) -> dict[str, Any]:
    return {
        "train_losses": [2.0 * math.exp(-0.1 * epoch) + 0.001 for epoch in range(num_epochs)],
        "valid_errors": [
            0.5 * math.exp(-0.1 * epoch) + 0.02 + 0.005 * (epoch % 3) for epoch in range(num_epochs)
        ],
    }


def draw(run: Run, path: Path, title: str = "plain, seed 0") -> str:
    save_curves(path, run.rows, run.record, title=title)
    text = path.read_text()
    ElementTree.fromstring(text)  # well-formed
    return text


def compared(tmp_path: Path, seeds: int = 1, **changes: Any) -> Comparison:
    runs = [
        load_run_folder(build_run(tmp_path, seed=seed, **arm))
        for arm in (changes, changes | {"name": "other", "optim": {"lr": 0.2}})
        for seed in range(seeds)
    ]
    return compare(group_runs(runs))


@pytest.mark.parametrize("num_epochs", [1, 2, 3, 200, 3000])
def test_curves_of_any_length(tmp_path: Path, num_epochs: int) -> None:
    run = load_run_folder(build_run(tmp_path, **decaying(num_epochs)))
    text = draw(run, tmp_path / "a.svg")
    assert text == draw(run, tmp_path / "b.svg")
    assert len(text) < MAX_BYTES
    for words in (
        "Loss (nats)",
        "Error (%)",
        "test  0.600",
        "gap at the end (test − train)",
        "completed epochs",
    ):
        assert f"<!-- {words}" in text
    assert "<!-- diverged" not in text


def test_curves_state_gap_and_best_epoch(tmp_path: Path) -> None:
    text = draw(load_run_folder(build_run(tmp_path, valid_errors=(0.5, 0.2, 0.3))), tmp_path / "a.svg")
    assert "<!-- gap at the end (test − train): 0.500 nats -->" in text
    assert "<!-- gap at the end (test − train): 7.00 points -->" in text
    assert "<!-- best epoch: 2 -->" in text


def test_curves_of_a_diverged_run_say_so(tmp_path: Path) -> None:
    text = draw(load_run_folder(build_run(tmp_path, status="diverged", epochs=9)), tmp_path / "a.svg")
    assert "<!-- diverged after epoch 3 -->" in text
    assert "<!-- gap at the end (valid − train)" in text
    assert "<!-- test" not in text


def test_curves_without_an_epoch(tmp_path: Path) -> None:
    path = build_run(tmp_path, train_losses=(), valid_errors=(), status="diverged")
    text = draw(load_run_folder(path), tmp_path / "a.svg")
    assert "<!-- diverged in the first epoch -->" in text
    assert "<!-- no epoch was completed -->" in text


def test_a_users_own_style_changes_nothing(tmp_path: Path) -> None:
    run = load_run_folder(build_run(tmp_path))
    plain = draw(run, tmp_path / "a.svg")
    with mpl.rc_context(
        {"font.size": 30, "svg.hashsalt": None, "axes.facecolor": "black", "xtick.direction": "in"}
    ):
        assert draw(run, tmp_path / "b.svg") == plain


def test_a_figure_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    run = load_run_folder(build_run(tmp_path))
    with pytest.raises(OSError, match="No such file"):
        save_curves(tmp_path / "nowhere" / "a.svg", run.rows, run.record, title="")
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize("save", [save_overfitting, save_convergence])
@pytest.mark.parametrize(("seeds", "num_epochs"), [(1, 1), (1, 3), (3, 3), (10, 200)])
def test_comparison_figures(tmp_path: Path, save: Any, seeds: int, num_epochs: int) -> None:
    comparison = compared(tmp_path, seeds, **decaying(num_epochs))
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    save(first, comparison)
    save(second, comparison)
    text = first.read_text()
    ElementTree.fromstring(text)
    assert text == second.read_text()
    assert len(text) < MAX_BYTES
    for group in comparison.groups:
        assert f"<!-- {group.label}" in text


def test_convergence_says_what_was_not_reached(tmp_path: Path) -> None:
    comparison = compared(tmp_path, train={"target_error": 0.01})
    save_convergence(tmp_path / "a.svg", comparison)
    text = (tmp_path / "a.svg").read_text()
    assert "not reached" in text
    assert "dashed: target 1 %" in text


@pytest.mark.parametrize("save", [save_overfitting, save_convergence])
def test_comparison_figures_of_nothing(tmp_path: Path, save: Any) -> None:
    comparison = compared(tmp_path, train_losses=(), valid_errors=(), status="diverged")
    save(tmp_path / "a.svg", comparison)
    assert "diverged" in (tmp_path / "a.svg").read_text() or save is save_convergence


def test_every_word_of_the_convergence_stands_on_the_figure(tmp_path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    runs = [
        load_run_folder(build_run(tmp_path, seed=seed, name=name, optim={"lr": lr}, **curves))
        for name, lr in (("weight_decay", 0.1), ("batch_norm_and_dropout", 0.2))
        for seed in range(6)
        for curves in [noisy(seed, 30) | {"seconds_per_epoch": 0.05 + 0.002 * seed}]
    ]
    figure = save_convergence(tmp_path / "a.svg", compare(group_runs(runs)))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    ends = [
        text.get_window_extent(canvas.get_renderer()).x1
        for text in figure.findobj(Text)
        if isinstance(text, Text) and text.get_text() and text.get_visible()
    ]
    assert max(ends) <= 0.98 * figure.bbox.x1  # an SVG sets its letters wider


def test_eight_groups_are_all_drawn(tmp_path: Path) -> None:
    runs = [
        load_run_folder(build_run(tmp_path, name=f"arm{arm}", optim={"lr": 0.1 * (arm + 1)}))
        for arm in range(8)
    ]
    comparison = compare(group_runs(runs))
    for save in (save_overfitting, save_convergence):
        save(tmp_path / "a.svg", comparison)
        text = (tmp_path / "a.svg").read_text()
        assert all(f"<!-- arm{arm}" in text for arm in range(8))


def noisy(seed: int, num_epochs: int = 200) -> dict[str, Any]:
    curves = decaying(num_epochs)
    return {
        name: [value * (1 + 0.05 * (seed % 4)) for value in values] for name, values in curves.items()
    } | {"test_loss": 0.6 + 0.01 * (seed % 5)}


def test_eight_groups_of_seeds_stay_small(tmp_path: Path) -> None:
    runs = [
        load_run_folder(
            build_run(tmp_path, name=f"arm{arm}", seed=seed, optim={"lr": 0.1 * (arm + 1)}, **noisy(seed, 90))
        )
        for arm in range(8)
        for seed in range(6)
    ]
    comparison = compare(group_runs(runs))
    for save in (save_overfitting, save_convergence, save_differences):
        save(tmp_path / "a.svg", comparison)
        text = (tmp_path / "a.svg").read_text()
        assert len(text) < MAX_BYTES
        assert all(f"<!-- arm{arm}" in text for arm in range(save is save_differences, 8))


@pytest.mark.parametrize(("seeds", "words"), [(3, "thin: each seed"), (5, "band: its 95 % t-interval")])
def test_few_seeds_are_drawn_one_by_one_and_more_as_a_band(tmp_path: Path, seeds: int, words: str) -> None:
    comparison = compared(tmp_path, seeds, **decaying(5))
    for save in (save_overfitting, save_convergence):
        save(tmp_path / "a.svg", comparison)
        assert words in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize("seeds", [1, 3, 5])
@pytest.mark.parametrize("save", [save_overfitting, save_convergence])
def test_curves_stand_at_the_epochs_that_were_evaluated(tmp_path: Path, save: Any, seeds: int) -> None:
    comparison = compared(tmp_path, seeds, **decaying(8), train={"eval_every": 3})
    axes = save(tmp_path / "a.svg", comparison).axes[0]
    curves = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) > 2]  # type: ignore[arg-type]
    assert curves
    assert all(list(curve) == [3, 6, 8] for curve in curves)  # type: ignore[arg-type]
    bands = [path.vertices for band in axes.collections for path in band.get_paths()]
    assert all({x for x, _ in vertices} <= {3, 6, 8} for vertices in bands)  # type: ignore[union-attr]


def test_differences_state_what_they_show(tmp_path: Path) -> None:
    runs = [
        load_run_folder(
            build_run(tmp_path, name=name, seed=seed, optim={"lr": lr}, test_loss=0.6 + step * seed)
        )
        for name, lr, step in (("plain", 0.1, 0.1), ("fast", 0.2, 0.2))
        for seed in range(3)
    ]
    for name in ("a.svg", "b.svg"):
        save_differences(tmp_path / name, compare(group_runs(runs)))
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    assert "<!-- +0.100 [−0.148, +0.348], p = 0.23 -->" in text  # differences of 0, 0.1 and 0.2
    assert "<!-- minus plain; diamond: mean" in text
    assert "identical" in text  # the test errors


def test_a_grid_marks_what_diverged(tmp_path: Path) -> None:
    sweep = build_sweep(
        tmp_path,
        {"plain": {}},
        cells=[{"optim.lr": lr} for lr in (0.01, 0.1, 1.0)],
        curves=lambda _, cell, seed: {"status": "diverged"} if cell["optim.lr"] == 1.0 and seed else {},
    )
    comparison = compare_grid(select(str(sweep)), "optim.lr")
    save_grid(tmp_path / "a.svg", comparison)
    save_grid(tmp_path / "b.svg", comparison)
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    assert "<!-- 5 -->" in text
    assert "× at the top: runs that diverged" in text


def test_a_single_value_without_a_diverged_run_is_drawn(tmp_path: Path) -> None:
    cells = [{"optim.lr": lr} for lr in (0.01, 0.1)]
    sweep = build_sweep(
        tmp_path,
        {"none": {}},
        seeds=range(2),
        cells=cells,
        curves=lambda _arm, cell, _seed: {} if cell["optim.lr"] == 0.01 else {"status": "diverged"},
    )
    figure = save_grid(tmp_path / "a.svg", compare_grid(select(str(sweep)), "optim.lr"))
    means = [line for axes in figure.axes for line in axes.lines if line.get_linestyle() == "-"]
    assert [line.get_marker() for line in means if len(line.get_xdata()) == 1] == ["o", "o"]


@pytest.mark.parametrize(
    ("ends", "placed"),
    [
        ([0.5, 0.51, 0.1, 0.52], [0.41, 0.51, 0.1, 0.61]),  # in their order, as far up as down
        ([0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 0.9, 1.0]),  # inside the panel
        ([0.2, 5.0], [0.2, 1.0]),  # a line that has left it
        ([0.3], [0.3]),
    ],
)
def test_labels_of_lines_stand_apart(ends: list[float], placed: list[float]) -> None:
    axes = Figure(figsize=(4, 1.35 * 8.5 / 7.2)).add_axes((0, 0, 0.5, 1))  # a label is a tenth of its height
    label_line_ends(axes, [EndLabel(end, "name", "black") for end in ends], x=1.0)
    assert [text.xyann[1] for text in axes.texts] == pytest.approx(placed)  # type: ignore[attr-defined]


def test_thinning_keeps_both_ends() -> None:
    kept = thin_out(range(1000), 50)
    assert (kept[0], kept[-1]) == (0, 999)
    assert len(kept) <= 51
    assert thin_out([1, 2], 50) == [1, 2]


def test_long_names_break_where_both_parts_stay_whole() -> None:
    assert in_two_lines("mc_arithmetic_error_k200", 15) == "mc_arithmetic_\nerror_k200"
    assert in_two_lines("batch_norm_probed", 15) == "batch_norm_\nprobed"
    assert in_two_lines("one_averylongnamethatdoesnotfit", 12) == "one_\navery…otfit"
    assert in_two_lines("batch_norm", 15) == "batch_norm"
    assert in_two_lines("averyveryverylongname", 11) == "avery…gname"


def test_a_name_in_a_figure_is_neither_code_nor_formula(tmp_path: Path) -> None:
    run = load_run_folder(build_run(tmp_path))
    text = draw(run, tmp_path / "a.svg", title="\x1b[31m$x_1$ <script>alert(1)</script> $\\frac$ 你")
    assert "\x1b" not in text
    assert "<script>" not in text
    assert "\\u001b[31m$x_1$ &lt;script&gt;" in text


def test_the_smallest_gap_looks_smallest_and_its_curve_ends_where_its_bar_does(tmp_path: Path) -> None:
    """The narrower gap lies at tiny training losses, where a logarithmic axis shows the larger area."""
    wide = {"train_losses": (1.0, 0.3, 0.1), "valid_errors": (0.6, 0.5, 0.4), "test_loss": 0.9}
    narrow = {"train_losses": (1.0, 0.01, 0.0001), "valid_errors": (0.6, 0.2, 0.15), "test_loss": 0.3}
    runs = [
        load_run_folder(build_run(tmp_path, name=name, optim={"lr": lr}, **curves))
        for name, lr, curves in (("wide", 0.1, wide), ("narrow", 0.2, narrow))
    ]
    figure = save_overfitting(tmp_path / "a.svg", compare(group_runs(runs)))
    losses, gaps = figure.axes[0:4:2], figure.axes[1:4:2]
    assert [axes.get_yscale() for axes in (*losses, *gaps)] == ["log", "log", "linear", "linear"]
    assert losses[0].get_ylabel() == "loss (nats) (log scale)"
    assert not [collection for axes in losses for collection in axes.collections]  # nothing is shaded
    assert gaps[0].get_ylim() == gaps[1].get_ylim()
    [bars] = [axes for axes in figure.axes if axes.get_title(loc="left") == "Loss gap, valid − train (nats)"]
    ends = [float(axes.lines[-1].get_ydata()[-1]) for axes in gaps]  # type: ignore[index,arg-type]
    assert [bar.get_width() for bar in bars.patches] == pytest.approx(ends)  # type: ignore[attr-defined]
    assert ends == pytest.approx([0.7, 0.2999])


def test_every_logarithmic_axis_says_so(tmp_path: Path) -> None:
    comparison = compared(tmp_path, 2, **decaying(60))
    for save in (save_overfitting, save_convergence):
        save(tmp_path / "a.svg", comparison)
        assert "(log scale)" in (tmp_path / "a.svg").read_text()
    assert "(log scale)" in draw(comparison.groups[0].runs[0], tmp_path / "b.svg")
    cells = [{"optim.lr": lr} for lr in (0.01, 0.1, 1.0)]
    sweep = build_sweep(tmp_path / "grid", {"plain": {}}, cells=cells)
    save_grid(tmp_path / "c.svg", compare_grid(select(str(sweep)), "optim.lr"))
    assert "<!-- optim.lr (log scale) -->" in (tmp_path / "c.svg").read_text()


def test_nothing_of_the_curves_is_cut_off_where_losses_are_tiny(tmp_path: Path) -> None:
    losses = tuple(2.0 * 10 ** (-5 * epoch / 59) for epoch in range(60))
    run = load_run_folder(build_run(tmp_path, train_losses=losses, valid_errors=(0.4,) * 59 + (0.35,)))
    figure = save_curves(tmp_path / "a.svg", run.rows, run.record, title="tiny")
    box = figure.get_tightbbox()
    assert box.x0 >= 0
    assert box.x1 <= figure.get_figwidth()
