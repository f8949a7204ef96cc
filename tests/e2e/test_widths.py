"""Tables at any width: no label is lost, no line too long; and the live table of a sweep fits its screen."""

import re
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from run_builder import build_run
from sweep_builder import build_sweep

from regx.cli.columns import print_columns
from regx.cli.sweep_display import Arm, lay_out
from regx.measures.registry import shown_measures

ROOT = Path(__file__).parents[2]
LONG = ("NetworkWithoutAnyRegularizationWhatsoever", "NetworkWithDropoutBatchNormAndMaxNormHere")
WIDTHS = (20, 40, 60, 80, 120, 200)


@pytest.fixture
def long_names(tmp_path: Path) -> Path:
    arms = {LONG[0]: {}, LONG[1]: {"model.batch_norm": True}}
    return build_sweep(
        tmp_path / "runs",
        arms,
        seeds=range(2),
        curves=lambda _arm, _cell, seed: {"test_loss": 0.6 + 0.1 * seed},
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_labels_stay_however_long_the_names_are(
    cli: Callable, long_names: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = cli("compare", long_names).out
    lines = out.splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in out
    assert not [line for line in lines if "±" in line and line.startswith(" ")]  # a number without its label
    for measure in shown_measures():
        assert all(word in out for word in re.split(r"[ _-]", measure.label))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "words",
    [
        ("claims", "--results", ROOT / "results", "--experiments", ROOT / "experiments"),
        ("claims", "C01", "--results", ROOT / "results", "--experiments", ROOT / "experiments"),
        ("data", "list"),
        ("sweep", ROOT / "experiments" / "digits_toggles.yaml", "--dry-run", "--jobs", "1"),
    ],
    ids=lambda words: " ".join(map(str, words[:2])),
)
def test_every_table_follows_the_width(
    cli: Callable, monkeypatch: pytest.MonkeyPatch, words: tuple[object, ...], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    result = cli(*words)
    assert result.code == 0, result.err
    lines = (result.out + result.err).splitlines()
    paths = ("experiment: ", "  file ")
    assert [line for line in lines if len(line) > width and not line.startswith(paths)] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_runs_keep_their_folders_whole(
    cli: Callable, long_names: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = cli("runs", long_names).out
    folders = [path.name for path in long_names.parent.glob("*-s*")]
    assert len(folders) == 4
    assert all(folder in out.split() for folder in folders)
    assert max(map(len, out.splitlines())) <= max(width, *map(len, folders))


def test_a_table_without_room_holds_every_letter() -> None:
    names = ["A" * 40, "with_parts_to_fold_at_their_ends", "日本語の名前" * 4]
    rows = [[name, f"{number}.25 ± 0.125", "yes"] for number, name in enumerate(names)]
    for width in (12, 20, 30, 60, 100):
        text = StringIO()
        print_columns(Console(file=text, width=width), ["", "first", "second"], [("A title", rows)])
        shown = "".join(text.getvalue().split())
        assert shown.count("A") >= 41
        assert all(shown.count(letter) >= 4 for letter in "日本語の名前")
        assert all(f"{number}.25" in text.getvalue() for number in range(3))


def arms_of(number: int, name: str = "arm_{}") -> list[Arm]:
    running = {str(seed): f"seed {seed} epoch 3/20" for seed in range(16)}
    return [
        Arm(
            name.format(at),
            total=10,
            endings=["done", *["done" if at % 4 else "failed"] * 2],
            errors=[(at + 0.5) / 100],
            running=running if at % 3 else {},
        )
        for at in range(number)
    ]


def live_lines(title: str, arms: list[Arm], width: int, height: int) -> list[str]:
    text = StringIO()
    console = Console(file=text, width=width, height=height)
    console.print(lay_out(title, arms, console))
    return [line.rstrip() for line in text.getvalue().splitlines()]


@pytest.mark.parametrize("size", [(200, 50), (80, 24), (60, 15), (40, 12)])
@pytest.mark.parametrize("number", [2, 7, 25, 60, 300])
def test_the_live_table_fits_the_screen(size: tuple[int, int], number: int) -> None:
    width, height = size
    for name in ("arm_{}", LONG[0] + "_{}"):
        lines = live_lines("training  12/140  16 at work", arms_of(number, name), width, height)
        assert len(lines) < height
        assert max(map(len, lines)) <= width
        if "more arms" in lines[-1]:
            hidden = int(lines[-1].split()[1])
            assert len(lines) - 3 == number - hidden
            assert f": {3 * hidden}/{10 * hidden} runs" in lines[-1]
        else:
            assert all(f" {at}.50%" in "\n".join(lines) for at in range(number))


def test_the_live_table_keeps_names_counts_and_errors_before_what_runs() -> None:
    lines = live_lines("training", arms_of(2, LONG[0] + "_{}"), 80, 24)
    assert "3/10" in lines[2]
    assert "2 failed" in lines[2]
    letters = "".join(line.split("  ")[0].strip() for line in lines[2:])
    assert letters == f"{LONG[0]}_0{LONG[0]}_1"
    lines = live_lines("training", arms_of(3), 80, 24)
    assert lines[3].startswith("arm_1  3/10        1.50%")
    assert "seed 0 epoch 3/20" in lines[3]
    assert lines[3].endswith("…")


def test_forty_arms_stand_side_by_side() -> None:
    lines = live_lines("training", arms_of(40), 80, 24)
    assert [name for name in (f"arm_{at} " for at in range(40)) if name not in "\n".join(lines)] == []


def test_thousands_of_groups_are_compared_in_a_time_that_grows_with_them(
    cli: Callable, tmp_path: Path
) -> None:
    """Calls are counted, not seconds: a table computed anew for every group shows at once."""
    import cProfile

    def calls(number: int) -> int:
        runs = tmp_path / f"runs_{number}"
        for at in range(number):
            for seed in range(2):
                build_run(runs, name=f"g{at}", seed=seed, optim={"lr": 0.01 * (at + 1)}, test_loss=0.6 + seed)
        profile = cProfile.Profile()
        profile.enable()
        assert cli("compare", runs).code == 0
        profile.disable()
        return sum(entry.callcount for entry in profile.getstats())

    calls(5)  # imports
    few, many = calls(10), calls(40)
    assert many < 4.5 * few


def test_figures_of_many_groups_show_the_first_of_them(
    cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["regx.cli.compare"], "MOST_DRAWN", 3)
    for at in range(5):
        build_run(tmp_path / "runs", name=f"g{at}", optim={"lr": 0.01 * (at + 1)})
    result = cli("compare", tmp_path / "runs", "--out", "out")
    assert "the figures show the first 3 groups" in result.err
    for name in ("overfitting.svg", "convergence.svg"):
        assert "the first 3 of 5 groups" in Path("out", name).read_text()
    assert len(Path("out", "compare.csv").read_text().splitlines()) == 1 + 5 * len(shown_measures())
