"""Seeds as they are written on the command line and in experiments."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_experiment import BASE, load, problems_of

from regx.config import ConfigError, load_run
from regx.config.sections.fields import MAX_SEEDS, parse_seeds

EXPERIMENT = """\
name: mine
question: Does it?
base: base.yaml
arms: {plain: {}}
seeds: SEEDS
"""
TUNED = EXPERIMENT + "tune: {over: {optim.lr: [0.1, 0.2]}, seeds: TRIALS}\n"


def seeds_of(folder: Path, seeds: str, tier: str = "") -> tuple[int, ...]:
    return load(folder, EXPERIMENT.replace("SEEDS", seeds) + tier, "smoke" if tier else "cpu").seeds


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("3", (3,)),
        ("0-4", (0, 1, 2, 3, 4)),
        ("0,1,2", (0, 1, 2)),
        ("0-2,7", (0, 1, 2, 7)),
        ("7, 0 - 2", (7, 0, 1, 2)),
        ("5-5", (5,)),
        (str(2**53), (2**53,)),
    ],
)
def test_what_is_read(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("4-0", "4-0 runs backwards: write 0-4"),
        ("-1", "must be >= 0 (got -1)"),
        ("0,-1", "must be >= 0 (got -1)"),
        ("0-2,2", "has 2 twice"),
        ("1,1", "has 1 twice"),
        ("0-999999", f"has too many seeds; at most {MAX_SEEDS:,} are allowed"),
        (f"0-{2**53}", f"has too many seeds; at most {MAX_SEEDS:,} are allowed"),
        (str(2**53 + 1), "must be <= 9007199254740992 (got 9007199254740993)"),
        ("9" * 5000, "must be <= 9007199254740992 (got " + "9" * 57 + "...)"),
        *((text, f"(got {text!r})") for text in ("", "a", "0-", "0,,1", "0,", "0..4", "1-2-3", "1.5", "1e3")),
        *((text, f"(got {text!r})") for text in ("1,000", "٣", "0x10", "--4")),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|has|\d)") as error:
        parse_seeds(text)
    assert str(error.value).endswith(reason)
    assert "\n" not in str(error.value)


@given(st.text(alphabet="0123456789,- ", max_size=12))
def test_any_text_is_read_or_refused_at_once(text: str) -> None:
    try:
        seeds = parse_seeds(text)
    except ValueError:
        return
    assert 1 <= len(seeds) == len(set(seeds)) <= MAX_SEEDS


@pytest.mark.parametrize(
    ("written", "seeds"),
    [("3", (0, 1, 2)), ("0-3", (0, 1, 2, 3)), ("[4, 2]", (4, 2)), ("0-1,7", (0, 1, 7)), ("'0,5'", (0, 5))],
)
def test_an_experiment_and_its_tiers(tmp_path: Path, written: str, seeds: tuple[int, ...]) -> None:
    assert seeds_of(tmp_path, written) == seeds
    assert seeds_of(tmp_path, "5", f"tiers:\n  smoke:\n    seeds: {written}\n") == seeds


def test_a_range_asks_for_what_the_count_asks(tmp_path: Path) -> None:
    ways = ("3", "0-2", "[0, 1, 2]")
    digests = {load(tmp_path, EXPERIMENT.replace("SEEDS", written)).digest for written in ways}
    assert len(digests) == 1


def test_seeds_of_the_tuning(tmp_path: Path) -> None:
    text = TUNED.replace("SEEDS", "0-4")
    plan = load(tmp_path, text.replace("TRIALS", "1000-1002")).tune
    assert plan is not None
    assert plan.seeds == (1000, 1001, 1002)
    [line] = problems_of(tmp_path, text.replace("TRIALS", "4-6"))
    assert line.startswith("mine.yaml:6:45: tune.seeds: 4 is in `seeds` too: ")


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("4-0", "mine.yaml:5:8: seeds: 4-0 runs backwards: write 0-4"),
        ("0-2,2", "mine.yaml:5:8: seeds: has 2 twice"),
        ("-1", "mine.yaml:5:8: seeds: must be >= 1 (got -1)"),
        ("many", "mine.yaml:5:8: seeds: must be a seed, a range or several: 3, 0-4 or 0,1,5 (got 'many')"),
        ("'10'", "mine.yaml:5:8: seeds: must not be in quotes: write [10] for seed 10 alone"),
        ("0-5000", "mine.yaml:5:8: seeds: has too many seeds; at most 1,000 are allowed"),
        (
            "[0-4, 7]",
            "mine.yaml:5:9: seeds[0]: must be a whole number: write a range without brackets, `seeds: 0-4,7` "
            "(got '0-4')",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, written: str, line: str) -> None:
    assert problems_of(tmp_path, EXPERIMENT.replace("SEEDS", written)) == [line]


def test_tuning_seeds_are_named_not_counted(tmp_path: Path) -> None:
    content = TUNED.replace("SEEDS", "3").replace("TRIALS", "2")
    line = "mine.yaml:6:45: tune.seeds: must be a list: write [2] (got 2)"
    assert problems_of(tmp_path, content) == [line]


@pytest.mark.parametrize("written", ["0-4", "[0, 1]", "'0,1'"])
def test_the_config_of_a_run_says_how_to_train_several(tmp_path: Path, written: str) -> None:
    (tmp_path / "base.yaml").write_text(f"{BASE}seed: {written}\n")
    with pytest.raises(ConfigError, match=r"seed: must be a whole number; `regx train FILE --seed 0-4`"):
        load_run(tmp_path / "base.yaml")
