"""The figures of runs, comparisons and grids show what was measured, and say what they show."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from drawing import draw
from matplotlib.figure import Figure
from run_builder import built_run, group_runs
from sweep_builder import build_sweep

from regx.compare.compare import Comparison, compare
from regx.compare.groups import group_selections
from regx.compare.select import select
from regx.figures.compare import save_convergence, save_differences, save_overfitting
from regx.figures.grid import save_grid
from regx.figures.marks import EndLabel, in_two_lines, label_line_ends, thin_out
from regx.figures.run import save_curves
from regx.figures.theme import set_value_axis
from regx.runs.load import Run

HOSTILE = "\x1b[31m$x_1$ <script>alert(1)</script> $\\frac$ 你"
Save = Callable[[Path, Comparison], Figure]


def decaying(num_epochs: int, seed: int = 0) -> dict[str, Any]:
    """Make curves that fall, a bit worse with every seed."""
    worse = 1 + 0.05 * (seed % 4)
    return {
        "train_losses": [worse * (2.0 * math.exp(-0.1 * epoch) + 0.001) for epoch in range(num_epochs)],
        "valid_errors": [
            worse * (0.5 * math.exp(-0.1 * epoch) + 0.02 + 0.005 * (epoch % 3)) for epoch in range(num_epochs)
        ],
        "test_loss": 0.6 + 0.01 * (seed % 5),
    }


def curves_of(run: Run, title: str = "plain, seed 0") -> Callable[[Path], Figure]:
    return partial(save_curves, rows=run.rows, record=run.record, title=title)


def compared(folder: Path, *, groups: int = 2, seeds: int = 1, epochs: int = 3, **changes: Any) -> Comparison:
    """Compare groups of seeds with curves that fall; `changes` are for all runs."""
    runs = [
        built_run(
            folder,
            **{
                "name": f"arm{group}",
                "seed": seed,
                "optim": {"lr": 0.1 * (group + 1)},
                **decaying(epochs, seed * (group + 1)),
                **changes,
            },
        )
        for group in range(groups)
        for seed in range(seeds)
    ]
    return compare(group_runs(runs))


def over_grid(folder: Path, curves: Callable[..., dict[str, Any]], *, seeds: int = 6) -> Comparison:
    cells = [{"optim.lr": lr} for lr in (0.01, 0.1, 1.0)]
    sweep = build_sweep(folder, {"plain": {}}, cells=cells, seeds=range(seeds), curves=curves)
    return compare(group_selections(select(str(sweep))))


class TestCurves:
    @pytest.mark.parametrize("num_epochs", [1, 2, 3, 200, 3000])
    def test_they_have_any_length(self, tmp_path: Path, num_epochs: int) -> None:
        _, texts = draw(curves_of(built_run(tmp_path, **decaying(num_epochs))), tmp_path)
        assert {"Loss (nats)", "Error (%)", "test  0.600", "completed epochs"} <= set(texts)

    def test_they_state_gap_and_best_epoch(self, tmp_path: Path) -> None:
        _, texts = draw(curves_of(built_run(tmp_path, valid_errors=(0.5, 0.2, 0.3))), tmp_path)
        assert "gap at the end (test − train): 0.500 nats" in texts
        assert "gap at the end (test − train): 7.00 points" in texts
        assert "best epoch: 2" in texts

    def test_a_diverged_run_says_so(self, tmp_path: Path) -> None:
        _, texts = draw(curves_of(built_run(tmp_path, status="diverged", epochs=9)), tmp_path)
        assert "diverged after epoch 3" in texts
        assert "gap at the end (valid − train): 0.300 nats" in texts
        assert not [text for text in texts if text.startswith("test")]

    def test_a_run_without_an_epoch_says_so(self, tmp_path: Path) -> None:
        run = built_run(tmp_path, train_losses=(), valid_errors=(), status="diverged")
        _, texts = draw(curves_of(run), tmp_path)
        assert {"diverged in the first epoch", "no epoch was completed"} <= set(texts)

    def test_tiny_losses_have_room_for_their_numbers(self, tmp_path: Path) -> None:
        losses = tuple(2.0 * 10 ** (-5 * epoch / 59) for epoch in range(60))
        run = built_run(tmp_path, train_losses=losses, valid_errors=(0.4,) * 59 + (0.35,))
        _, texts = draw(curves_of(run), tmp_path)
        assert "(log scale)" in texts


class TestFiles:
    def test_the_same_numbers_give_the_same_bytes(self, tmp_path: Path) -> None:
        comparison = compared(tmp_path, seeds=5)
        for save in (
            curves_of(comparison.groups[0].runs[0]),
            partial(save_overfitting, comparison=comparison),
            partial(save_convergence, comparison=comparison),
            partial(save_differences, comparison=comparison),
            partial(save_grid, comparison=over_grid(tmp_path / "grid", lambda *_: {})),
        ):
            first, second = tmp_path / "a.svg", tmp_path / "b.svg"
            save(first)
            save(second)
            assert first.read_bytes() == second.read_bytes()

    def test_a_users_own_style_changes_nothing(self, tmp_path: Path) -> None:
        save = curves_of(built_run(tmp_path))
        draw(save, tmp_path)
        own = {"font.size": 30, "svg.hashsalt": None, "axes.facecolor": "black", "xtick.direction": "in"}
        with mpl.rc_context(own):
            save(tmp_path / "b.svg")
        assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()

    def test_a_figure_that_fails_leaves_the_old_one(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="No such file"):
            curves_of(built_run(tmp_path))(tmp_path / "nowhere" / "a.svg")
        assert list(tmp_path.glob("*.part")) == []

    def test_a_name_is_neither_code_nor_formula(self, tmp_path: Path) -> None:
        comparison = compared(tmp_path, seeds=2)
        comparison = replace(
            comparison, groups=tuple(replace(group, label=HOSTILE) for group in comparison.groups)
        )
        grid = over_grid(tmp_path / "grid", lambda *_: {})
        grid = replace(grid, groups=tuple(replace(arm, label=HOSTILE) for arm in grid.groups))
        for save in (
            curves_of(comparison.groups[0].runs[0], HOSTILE),
            *(
                partial(one, comparison=comparison)
                for one in (save_overfitting, save_convergence, save_differences)
            ),
            partial(save_grid, comparison=grid),
        ):
            save(tmp_path / "a.svg")
            content = (tmp_path / "a.svg").read_text()
            ElementTree.fromstring(content)  # well-formed
            assert "\x1b" not in content
            assert "<script>" not in content
            assert "\\u001b[31m$x" in content


class TestComparisons:
    @pytest.mark.parametrize("save", [save_overfitting, save_convergence])
    @pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (1, 3), (3, 3), (10, 200)])
    def test_they_have_any_number_of_seeds_and_epochs(
        self, tmp_path: Path, save: Save, seeds: int, epochs: int
    ) -> None:
        comparison = compared(tmp_path, seeds=seeds, epochs=epochs)
        _, texts = draw(partial(save, comparison=comparison), tmp_path)
        assert all(any(text.startswith(group.label) for text in texts) for group in comparison.groups)

    def test_eight_groups_of_seeds_stay_small(self, tmp_path: Path) -> None:
        comparison = compared(tmp_path, groups=8, seeds=6, epochs=90)
        for save in (save_overfitting, save_convergence, save_differences):
            _, texts = draw(partial(save, comparison=comparison), tmp_path)
            first = 1 if save is save_differences else 0
            assert all(any(f"arm{arm}" in text for text in texts) for arm in range(first, 8))

    def test_24_groups_are_all_drawn(self, tmp_path: Path) -> None:
        comparison = compared(tmp_path, groups=26).head(24)
        for save in (save_overfitting, save_convergence):
            _, texts = draw(partial(save, comparison=comparison), tmp_path, max_bytes=900_000)
            assert any(text.startswith("arm23") for text in texts)
            assert not any(text.startswith("arm24") for text in texts)
            assert any("the first 24 of 26 groups" in text for text in texts)

    @pytest.mark.parametrize("save", [save_overfitting, save_convergence])
    def test_runs_without_an_epoch_leave_a_figure(self, tmp_path: Path, save: Save) -> None:
        comparison = compared(tmp_path, train_losses=(), valid_errors=(), status="diverged")
        _, texts = draw(partial(save, comparison=comparison), tmp_path)
        assert any(
            words in text for text in texts for words in ("diverged", "no epoch completed: arm0, arm1")
        )

    @pytest.mark.parametrize("save", [save_overfitting, save_convergence])
    @pytest.mark.parametrize(("seeds", "words"), [(3, "thin: each seed"), (5, "band: its 95 % t-interval")])
    def test_few_seeds_are_drawn_one_by_one_and_more_as_a_band(
        self, tmp_path: Path, save: Save, seeds: int, words: str
    ) -> None:
        comparison = compared(tmp_path, seeds=seeds)
        figure, texts = draw(partial(save, comparison=comparison), tmp_path)
        assert any(words in text for text in texts)
        thin = [line for line in figure.axes[0].lines if line.get_linewidth() == 0.6]
        num_curves = 2  # losses of a group, or errors of two groups
        assert len(thin) == (0 if seeds == 5 else num_curves * seeds)
        assert len(figure.axes[0].collections) == (num_curves if seeds == 5 else 0)

    @pytest.mark.parametrize("save", [save_overfitting, save_convergence])
    @pytest.mark.parametrize("seeds", [1, 3, 5])
    def test_curves_stand_at_the_epochs_that_were_evaluated(
        self, tmp_path: Path, save: Save, seeds: int
    ) -> None:
        comparison = compared(tmp_path, seeds=seeds, epochs=8, train={"eval_every": 3})
        axes = save(tmp_path / "a.svg", comparison).axes[0]
        curves = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) > 2]  # type: ignore[arg-type]
        assert curves
        assert all(list(curve) == [3, 6, 8] for curve in curves)  # type: ignore[arg-type]
        bands = [path.vertices for band in axes.collections for path in band.get_paths()]
        assert all({x for x, _ in vertices} <= {3, 6, 8} for vertices in bands)  # type: ignore[union-attr]

    def test_long_names_stand_on_the_convergence(self, tmp_path: Path) -> None:
        runs = [
            built_run(
                tmp_path,
                seed=seed,
                name=name,
                optim={"lr": lr},
                seconds_per_epoch=0.05 + 0.002 * seed,
                **decaying(30, seed),
            )
            for name, lr in (("weight_decay", 0.1), ("batch_norm_and_dropout", 0.2))
            for seed in range(6)
        ]
        figure, _ = draw(partial(save_convergence, comparison=compare(group_runs(runs))), tmp_path)
        assert figure.get_tightbbox().x1 <= 0.98 * figure.get_figwidth()  # an SVG sets its letters wider

    def test_convergence_says_what_was_not_reached(self, tmp_path: Path) -> None:
        comparison = compared(tmp_path, train={"target_error": 0.01})
        _, texts = draw(partial(save_convergence, comparison=comparison), tmp_path)
        assert any("not reached" in text for text in texts)
        assert any("dashed: target 1 %" in text for text in texts)

    def test_differences_state_what_they_show(self, tmp_path: Path) -> None:
        runs = [
            built_run(tmp_path, name=name, seed=seed, optim={"lr": lr}, test_loss=0.6 + step * seed)
            for name, lr, step in (("plain", 0.1, 0.1), ("fast", 0.2, 0.2))
            for seed in range(3)
        ]
        figure, texts = draw(partial(save_differences, comparison=compare(group_runs(runs))), tmp_path)
        assert "+0.100 [−0.148, +0.348], p = 0.23" in texts  # differences of 0, 0.1 and 0.2
        assert any(text.startswith("minus plain; diamond: mean") for text in texts)
        assert any("identical" in text for text in texts)  # the test errors
        [dots] = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
        assert list(dots.get_xdata()) == pytest.approx([0.0, 0.1, 0.2])

    def test_the_smallest_gap_looks_smallest_and_its_curve_ends_where_its_bar_does(
        self, tmp_path: Path
    ) -> None:
        """The narrower gap lies at tiny training losses, where a logarithmic axis shows the larger area."""
        wide = {"train_losses": (1.0, 0.3, 0.1), "valid_errors": (0.6, 0.5, 0.4), "test_loss": 0.9}
        narrow = {"train_losses": (1.0, 0.01, 0.0001), "valid_errors": (0.6, 0.2, 0.15), "test_loss": 0.3}
        runs = [
            built_run(tmp_path, name=name, optim={"lr": lr}, **curves)
            for name, lr, curves in (("wide", 0.1, wide), ("narrow", 0.2, narrow))
        ]
        figure, _ = draw(partial(save_overfitting, comparison=compare(group_runs(runs))), tmp_path)
        losses, gaps = figure.axes[0:4:2], figure.axes[1:4:2]
        assert [axes.get_yscale() for axes in (*losses, *gaps)] == ["log", "log", "linear", "linear"]
        assert losses[0].get_ylabel() == "loss (nats) (log scale)"
        assert not [collection for axes in losses for collection in axes.collections]  # nothing is shaded
        assert gaps[0].get_ylim() == gaps[1].get_ylim()
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        bars = figure.axes[titles.index("Loss gap, valid − train (nats)")].patches
        ends = [float(axes.lines[-1].get_ydata()[-1]) for axes in gaps]  # type: ignore[index,arg-type]
        assert [bar.get_width() for bar in bars] == pytest.approx(ends)  # type: ignore[attr-defined]
        assert ends == pytest.approx([0.7, 0.2999])

    @pytest.mark.parametrize("save", [save_overfitting, save_convergence])
    def test_logarithmic_axes_say_so(self, tmp_path: Path, save: Save) -> None:
        comparison = compared(tmp_path, seeds=2, epochs=60)
        _, texts = draw(partial(save, comparison=comparison), tmp_path)
        assert any("(log scale)" in text for text in texts)


class TestGrids:
    def test_what_diverged_is_marked_and_counted(self, tmp_path: Path) -> None:
        comparison = over_grid(
            tmp_path, lambda _, cell, seed: {"status": "diverged"} if cell["optim.lr"] == 1.0 and seed else {}
        )
        figure, texts = draw(partial(save_grid, comparison=comparison), tmp_path)
        assert "5" in texts
        assert any("× at the top: runs that diverged" in text for text in texts)
        assert "optim.lr (log scale)" in texts
        [mean] = [line for line in figure.axes[0].lines if line.get_linestyle() == "-"]
        assert list(mean.get_xdata()) == [0.01, 0.1]

    def test_one_huge_loss_leaves_the_others_in_the_panel(self) -> None:
        axes = Figure().add_subplot()
        set_value_axis(axes, [0.4, 0.5, 0.6, 1e9])
        low, high = axes.get_ylim()
        assert low < 0.4
        assert high > 1e9

    def test_one_value_that_did_not_diverge_is_a_point(self, tmp_path: Path) -> None:
        comparison = over_grid(
            tmp_path,
            lambda _arm, cell, _seed: {} if cell["optim.lr"] == 0.01 else {"status": "diverged"},
            seeds=1,
        )
        figure, _ = draw(partial(save_grid, comparison=comparison), tmp_path)
        means = [line for axes in figure.axes for line in axes.lines if line.get_linestyle() == "-"]
        assert [line.get_marker() for line in means if len(line.get_xdata()) == 1] == ["o", "o"]  # type: ignore[arg-type]


class TestMarks:
    @pytest.mark.parametrize(
        ("ends", "placed"),
        [
            ([0.5, 0.51, 0.1, 0.52], [0.41, 0.51, 0.1, 0.61]),  # in their order, as far up as down
            ([0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 0.9, 1.0]),  # inside the panel
            ([0.2, 5.0], [0.2, 1.0]),  # a line that has left it
            ([0.3], [0.3]),
        ],
    )
    def test_labels_of_lines_stand_apart(self, ends: list[float], placed: list[float]) -> None:
        axes = Figure(figsize=(4, 1.35 * 8.5 / 7.2)).add_axes((0, 0, 0.5, 1))  # ten labels high
        label_line_ends(axes, [EndLabel(end, "name", "black") for end in ends], x=1.0)
        assert [text.xyann[1] for text in axes.texts] == pytest.approx(placed)  # type: ignore[attr-defined]

    def test_thinning_keeps_both_ends(self) -> None:
        kept = thin_out(range(1000), 50)
        assert (kept[0], kept[-1]) == (0, 999)
        assert len(kept) <= 51
        assert thin_out([1, 2], 50) == [1, 2]

    def test_long_names_break_where_both_parts_stay_whole(self) -> None:
        assert in_two_lines("mc_arithmetic_error_k200", 15) == "mc_arithmetic_\nerror_k200"
        assert in_two_lines("batch_norm_probed", 15) == "batch_norm_\nprobed"
        assert in_two_lines("one_averylongnamethatdoesnotfit", 12) == "one_\navery…otfit"
        assert in_two_lines("batch_norm", 15) == "batch_norm"
        assert in_two_lines("averyveryverylongname", 11) == "avery…gname"
