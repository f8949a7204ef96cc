"""What users get wrong in an experiment, and the line that they read: the exact place and the reason."""

from pathlib import Path

import pytest
from small_experiment import BASE, problems_of, write

from regx.config import ConfigError, load_experiment
from regx.config.load_experiment import load_tiers

GOOD = """\
name: mine
question: Does it?
base: base.yaml
set: {train.epochs: 3}
arms:
  plain: {}
  drop: {model.drop_prob: {hidden: 0.5}}
grid: {data.train_size: [100, 200]}
tune:
  over: {optim.lr: [0.01, 0.1]}
  seeds: [1000, 1001]
seeds: 3
tiers:
  smoke: {seeds: 2, tune: false}
"""


def edited(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


NAME = "must be at most 64 letters, digits, _, - or ., a letter or digit first"
FILES = {
    # keys
    "claims that are no list": (
        GOOD + "claims: {}\n",
        "mine.yaml:15:9: claims: must be a list (got {})",
    ),
    "near miss": (
        edited("seeds: 3", "seeds: 3\ngrids: {}"),
        "mine.yaml:13:1: grids: unknown key (did you mean 'grid'?)",
    ),
    "another word": (edited("set:", "overrides:"), "mine.yaml:4:1: overrides: unknown key; write `set`"),
    "extends": (
        edited("seeds: 3", "seeds: 3\nextends: a"),
        "mine.yaml:13:1: extends: unknown key; write `base`",
    ),
    "a section of the run": (
        edited("seeds: 3", "seeds: 3\noptim: {lr: 1}"),
        "mine.yaml:13:1: optim: unknown key; a setting of the run stands under `set`, as a dotted path: "
        "`set: {optim.lr: ...}`",
    ),
    "the seed of the run": (
        edited("seeds: 3", "seeds: 3\nseed: 3"),
        "mine.yaml:13:1: seed: unknown key; write `seeds`",
    ),
    "missing": (edited("question: Does it?\n", ""), "mine.yaml:1:1: question: missing; text"),
    "unknown tier": (
        edited("  smoke:", "  small:"),
        "mine.yaml:14:3: tiers.small: no such tier; there are smoke, cpu and gpu",
    ),
    "a tier with arms": (
        edited("seeds: 2, tune: false", "arms: {}"),
        "mine.yaml:14:11: tiers.smoke.arms: a tier cannot change the arms: they are the question",
    ),
    # names
    "name": (edited("name: mine", "name: my own"), f"mine.yaml:1:7: name: {NAME} (got 'my own')"),
    "arm's name": (edited("plain:", "a:b:"), f"mine.yaml:6:3: arms: an arm's name {NAME} (got 'a:b')"),
    "arm's name with a slash": (
        edited("plain:", "a/b:"),
        f"mine.yaml:6:3: arms: an arm's name {NAME} (got 'a/b')",
    ),
    # base
    "no base": (edited("base.yaml", "bas.yaml"), "mine.yaml:3:7: base: no such file: bas.yaml"),
    "base is itself": (
        edited("base.yaml", "mine.yaml"),
        "mine.yaml:3:7: base: goes in a circle: mine.yaml -> mine.yaml",
    ),
    # shapes
    "arms null": (
        edited("plain: {}", "plain:"),
        "mine.yaml:6:9: arms.plain: must be a mapping: write {} for the base as it is",
    ),
    "axis of one number": (
        edited("[100, 200]", "100"),
        "mine.yaml:8:25: grid.data.train_size: must be a list: write [100] (got 100)",
    ),
    "empty axis": (edited("[100, 200]", "[]"), "mine.yaml:8:25: grid.data.train_size: must not be empty"),
    "tune true": (
        edited("tune: false", "tune: true"),
        "mine.yaml:14:27: tiers.smoke.tune: must be a mapping with over, arms, follow, by, seeds, per, "
        "extend, max_extensions (got true)",
    ),
    "no seeds": (edited("seeds: 3", "seeds: 0"), "mine.yaml:12:8: seeds: must be >= 1 (got 0)"),
    # paths and values
    "unknown path in set": (
        edited("train.epochs: 3", "train.epoch: 3"),
        "mine.yaml:4:7: set: train.epoch: unknown key; write `epochs`",
    ),
    "unknown section": (
        edited("train.epochs: 3", "optm.lr: 3"),
        "mine.yaml:4:7: set: optm: unknown key (did you mean 'optim'?)",
    ),
    "value in set": (
        edited("train.epochs: 3", "train.epochs: 0"),
        "mine.yaml:4:21: set: train.epochs: must be >= 1 (got 0)",
    ),
    "value in an arm": (
        edited("plain: {}", "plain: {optim.momentum: 1}"),
        "mine.yaml:6:27: arms.plain: optim.momentum: must be in [0, 1) (got 1)",
    ),
    "deep in an arm": (
        edited("{hidden: 0.5}", "{hiden: 0.5}"),
        "mine.yaml:7:28: arms.drop: model.drop_prob.hiden: unknown key (did you mean 'hidden'?)",
    ),
    "in the grid": (
        edited("[100, 200]", "[100, 2000]"),
        "mine.yaml:8:31: grid: data.train_size: must be at most 1000, the training pool of digits (got 2000)",
    ),
    "in the tuning": (
        edited("[0.01, 0.1]", "[0.0, 0.1]"),
        "mine.yaml:10:21: tune.over: optim.lr: must be > 0 (got 0.0)",
    ),
    "in a tier": (
        edited("tune: false", "tune: false, set: {train.epochs: -1}"),
        "mine.yaml:14:54: tiers.smoke.set: train.epochs: must be >= 1 (got -1)",
    ),
    "an arm against the grid": (
        edited("plain: {}", "plain: {train.batch_size: 150}"),
        "mine.yaml:6:29: arms.plain: at data.train_size 100: train.batch_size: must be at most 100, "
        "the number of training images (got 150)",
    ),
    "the base, broken by the grid": (
        edited("[100, 200]", "[20, 200]"),
        "base.yaml:5:21: at data.train_size 20: train.batch_size: must be at most 20, the number of training "
        "images (got 50)",
    ),
    "the base, broken by a tier": (
        edited("tune: false", "tune: false, grid: {data.train_size: [10]}"),
        "base.yaml:5:21: tiers.smoke: train.batch_size: must be at most 10, the number of training "
        "images (got 50)",
    ),
    "name in an arm": (
        edited("plain: {}", "plain: {name: x}"),
        "mine.yaml:6:11: arms.plain: name: is given by the experiment: runs are named `<experiment>.<arm>`",
    ),
    "seed in set": (
        edited("train.epochs: 3", "seed: 3"),
        "mine.yaml:4:7: set: seed: is given by the experiment: write `seeds` at the top level",
    ),
    "no path": (
        edited("train.epochs: 3", "train..epochs: 3"),
        "mine.yaml:4:7: set: train..epochs: must be a dotted path, e.g. optim.lr (got 'train..epochs')",
    ),
    # axes
    "value twice": (
        edited("[100, 200]", "[100, 200, 1e2]"),
        "mine.yaml:8:36: grid: data.train_size: has 100.0 twice",
    ),
    "crossed and tuned": (
        edited("data.train_size: [100, 200]", "optim.lr: [1, 2]"),
        "mine.yaml:10:21: tune.over: optim.lr: is in the grid too; a setting is in the grid or tuned, not "
        "both",
    ),
    "one axis inside another": (
        edited("[100, 200]", "[100], model.init: [{}], model.init.gain: [1.0]"),
        "mine.yaml:8:68: grid: model.init.gain: overlaps with model.init, another axis",
    ),
    # seeds
    "seed twice": (edited("seeds: 3", "seeds: [1, 2, 1]"), "mine.yaml:12:15: seeds: has 1 twice"),
    "seed of both": (
        edited("[1000, 1001]", "[1000, 2]"),
        "mine.yaml:11:17: tune.seeds: 2 is in `seeds` too: "
        "a seed that chose the values would favour them in the comparison",
    ),
    "default seed of both": (
        edited("  seeds: [1000, 1001]\nseeds: 3", "seeds: [5, 1001]"),
        "mine.yaml:10:3: tune.seeds: 1001 is in `seeds` too: "
        "a seed that chose the values would favour them in the comparison",
    ),
    # tuning
    "arm that is not there": (
        edited("  seeds: [1000, 1001]", "  arms: {dropp: {optim.lr: [1, 2]}}"),
        "mine.yaml:11:10: tune.arms.dropp: no such arm (did you mean 'drop'?)",
    ),
    "nothing to tune": (
        edited("  over: {optim.lr: [0.01, 0.1]}\n", ""),
        "mine.yaml:9:1: tune.over: missing; a mapping of dotted path -> values, for plain, drop",
    ),
    "tuning over no axes": (
        edited("  over: {optim.lr: [0.01, 0.1]}\n  seeds: [1000, 1001]\n", "").replace(
            "tune:\n", "tune: {}\n"
        ),
        "mine.yaml:9:1: tune.over: missing; a mapping of dotted path -> values, for plain, drop",
    ),
    "an axis that is not tuned": (
        edited("  seeds: [1000, 1001]", "  extend: [optim.momentum]"),
        "mine.yaml:11:12: tune.extend: optim.momentum is not tuned (known here: optim.lr)",
    ),
    "an axis without rhythm": (
        edited("[0.01, 0.1]}", "[0.01, 0.1], optim.momentum: [0.0, 0.9]}\n  extend: [optim.momentum]"),
        "mine.yaml:11:12: tune.extend: optim.momentum cannot be extended: it needs two values or more, "
        "all > 0",
    ),
    # size
    "too many": (
        edited("[100, 200]", f"[100], optim.weight_decay: {[i / 10_000 for i in range(2501)]}"),
        "mine.yaml:8:1: grid: asks for 10,004 different configs; at most 10,000 are allowed",
    ),
}


@pytest.mark.parametrize(("content", "line"), FILES.values(), ids=FILES.keys())
def test_one_mistake_is_one_line(tmp_path: Path, content: str, line: str) -> None:
    assert problems_of(tmp_path, content) == [line]


def test_the_good_experiment_is_good(tmp_path: Path) -> None:
    """Else the mistakes above would not be what is reported."""
    assert sorted(load_tiers(write(tmp_path, GOOD))) == ["cpu", "smoke"]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    content = (
        GOOD.replace("train.epochs: 3", "train.epochs: 0")
        .replace("plain: {}", "plain: {optim.momentum: 1}")
        .replace("[0.01, 0.1]", "[-0.01, 0.1]")
        .replace("seeds: 3", "seeds: [1, 1]")
    )
    places = [line.split(": ")[0] for line in problems_of(tmp_path, content)]
    assert places == ["mine.yaml:4:21", "mine.yaml:6:27", "mine.yaml:10:21", "mine.yaml:12:12"]


def test_wrong_shapes_come_before_broken_rules(tmp_path: Path) -> None:
    content = edited("seeds: 3", "seeds: [1, 1]").replace("plain: {}", "plain: {optim.momentum: 1}")
    content = content.replace("[100, 200]", "100").replace("tune: false", "tune: true")
    places = [line.split(": ")[0] for line in problems_of(tmp_path, content)]
    assert places == ["mine.yaml:8:25", "mine.yaml:14:27"]


def test_a_rule_that_a_tier_breaks_names_the_tier(tmp_path: Path) -> None:
    content = edited("tune: false", "grid: {data.train_size: [100, 100]}")
    assert problems_of(tmp_path, content) == [
        "mine.yaml:14:51: tiers.smoke.grid: data.train_size: has 100 twice"
    ]


def test_a_mistake_of_the_base_is_told_once_at_its_line(tmp_path: Path) -> None:
    assert problems_of(tmp_path, GOOD, BASE.replace("hidden_sizes", "hidden_size")) == [
        "base.yaml:3:22: model.hidden_size: unknown key; write `hidden_sizes`"
    ]


def test_an_arm_that_breaks_what_others_leave_whole_is_named(tmp_path: Path) -> None:
    content = edited("plain: {}", "small: {data.train_size: 20}").replace(
        "{data.train_size: [100, 200]}", "{}"
    )
    assert problems_of(tmp_path, content) == [
        "base.yaml:5:21: arms.small: train.batch_size: must be at most 20, the number of training "
        "images (got 50)"
    ]


def test_a_tier_that_the_file_does_not_have_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    with pytest.raises(
        ConfigError, match=r"mine.yaml:13:1: tiers: has no tier gpu \(known here: cpu, smoke\)"
    ):
        load_experiment(path, "gpu")


def test_an_experiment_is_no_base(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(GOOD)
    assert problems_of(tmp_path, edited("base.yaml", "other.yaml")) == [
        "mine.yaml:3:7: base: is an experiment; the base must be the config of a run"
    ]
