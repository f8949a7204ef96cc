"""What an experiment asks for: the order of its layers, its tiers, its digest, its tuning grid."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import small_experiment
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from regx.config import ConfigError, Experiment, config_hash, dump_config, load_run
from regx.config.errors import Problem
from regx.config.load import kind_of_file
from regx.config.sections.experiment import TuneConfig, next_value
from regx.config.warnings import experiment_warnings

BASE = """\
name: base
data: {name: digits, train_size: 300}
model: {family: mlp, hidden_sizes: [8], drop_prob: {input: 0.1, hidden: 0.1}}
optim: {lr: 0.1, lr_decay: {kind: step, factor: 0.1, every_epochs: 1}}
train: {batch_size: 50, epochs: 2}
seed: 7
"""
PLAIN = "name: mine\nquestion: Does it?\nbase: base.yaml\narms: {plain: {}}\nseeds: 3\n"


def load(folder: Path, content: str = PLAIN, tier: str = "cpu", base: str = BASE) -> Experiment:
    return small_experiment.load(folder, content, tier, base)


class TestConfigs:
    def test_an_empty_arm_is_the_base_under_another_name_and_seed(self, tmp_path: Path) -> None:
        experiment = load(tmp_path)
        expected = load_run(tmp_path / "base.yaml", ["name=mine.plain"], seed=2)
        assert experiment.config("plain", {}, 2) == expected

    def test_what_stands_higher_wins(self, tmp_path: Path) -> None:
        """Base, set, the tier's set, arm, cell, tuned value: each says all that the next ones say."""
        paths = ["optim.weight_decay", "optim.max_norm", "model.init.gain", "data.train_size", "optim.lr"]
        content = {
            **yaml.safe_load(PLAIN),
            "set": dict.fromkeys(paths, 100),
            "arms": {"arm": dict.fromkeys(paths[2:], 120)},
            "grid": {paths[3]: [130, 131]},
            "tune": {"over": {paths[4]: [140, 141]}},
            "tiers": {"smoke": {"set": dict.fromkeys(paths[1:], 110)}},
        }
        experiment = load(tmp_path, yaml.safe_dump(content), "smoke")
        config = experiment.config(
            "arm", {**experiment.cells_of("arm")[1], **experiment.tune.points("arm")[1]}, 0
        )  # type: ignore[union-attr]
        optim = config.optim
        found = [optim.weight_decay, optim.max_norm, config.model.init.gain, config.data.train_size, optim.lr]
        assert found == [100, 110, 120, 131, 141]

    def test_a_mapping_replaces_and_a_deeper_path_does_not(self, tmp_path: Path) -> None:
        content = PLAIN.replace(
            "plain: {}", "a: {model.drop_prob: {hidden: 0.5}}, b: {model.drop_prob.hidden: 0.5}"
        )
        experiment = load(tmp_path, content)
        assert [experiment.config(arm, {}, 0).model.drop_prob.input for arm in "ab"] == [0.0, 0.1]

    def test_another_kind_brings_its_own_parameters(self, tmp_path: Path) -> None:
        arm = "plain: {optim.lr_decay.kind: exponential, optim.lr_decay.factor: 0.5}"
        config = load(tmp_path, PLAIN.replace("plain: {}", arm)).config("plain", {}, 0)
        assert config.optim.lr_decay.model_dump() == {"kind": "exponential", "factor": 0.5}

    def test_names_are_cut_to_what_a_folder_may_have(self, tmp_path: Path) -> None:
        long = "n" * 60
        experiment = load(tmp_path, PLAIN.replace("name: mine", f"name: {long}"))
        name = experiment.config("plain", {}, 0).name
        assert name == f"{long}.pla"

    @pytest.mark.parametrize("seed", [-1, 2**53 + 1, True])
    def test_a_seed_out_of_range_is_refused(self, tmp_path: Path, seed: int) -> None:
        with pytest.raises(ConfigError, match="seed: must be a whole number"):
            load(tmp_path).config("plain", {}, seed)

    def test_settings_that_make_no_config_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"optim\.lr: must be > 0"):
            load(tmp_path).config("plain", {"optim.lr": -1}, 0)

    def test_a_grid_is_crossed_the_last_axis_fastest(self, tmp_path: Path) -> None:
        experiment = load(tmp_path, PLAIN + "grid: {optim.lr: [1, 2], train.epochs: [3, 4]}\n")
        cells = [tuple(cell.values()) for cell in experiment.cells_of("plain")]
        assert cells == [(1, 3), (1, 4), (2, 3), (2, 4)]

    def test_twenty_arms_in_twenty_cells_are_four_hundred_configs(self, tmp_path: Path) -> None:
        arms = "\n".join(f"  a{i}: {{optim.momentum: {i / 100}}}" for i in range(20))
        rates = [(i + 1) / 100 for i in range(20)]
        content = PLAIN.replace("{plain: {}}", f"\n{arms}") + f"grid: {{optim.lr: {rates}}}\n"
        experiment = load(tmp_path, content)
        configs = [
            experiment.config(arm, cell, 0) for arm in experiment.arms for cell in experiment.cells_of(arm)
        ]
        assert len({config_hash(config) for config in configs}) == 400


class TestTiers:
    CONTENT = PLAIN + (
        "grid: {optim.momentum: [0.0, 0.9]}\ntune: {over: {optim.lr: [0.1, 1.0]}, max_extensions: 2}\n"
        "tiers:\n  smoke: {seeds: [5], tune: false, grid: {}}\n  gpu: {seeds: 4, tune: {seeds: [77]}}\n"
    )

    def test_the_file_as_it_stands_is_cpu(self, tmp_path: Path) -> None:
        experiment = load(tmp_path, self.CONTENT)
        assert (experiment.tier, experiment.seeds, len(experiment.cells_of("plain"))) == ("cpu", (0, 1, 2), 2)

    def test_smoke_replaces_seeds_and_grid_and_tunes_nothing(self, tmp_path: Path) -> None:
        experiment = load(tmp_path, self.CONTENT, "smoke")
        assert (experiment.seeds, experiment.cells_of("plain"), experiment.tune) == ((5,), ({},), None)

    def test_keys_of_tune_lie_over_those_of_the_experiment(self, tmp_path: Path) -> None:
        plan = load(tmp_path, self.CONTENT, "gpu").tune
        assert plan is not None
        assert (plan.seeds, plan.max_extensions, plan.of("plain")) == ((77,), 2, {"optim.lr": (0.1, 1.0)})


class TestDigest:
    def test_comments_order_and_written_defaults_do_not_count(self, tmp_path: Path) -> None:
        digest = load(tmp_path).digest
        turned = "\n".join(reversed(PLAIN.splitlines())) + "\n# a comment\n"
        assert load(tmp_path, turned, base=BASE + "device: auto  # the default\n").digest == digest

    def test_the_wording_of_the_question_does_not_count(self, tmp_path: Path) -> None:
        assert load(tmp_path, PLAIN.replace("Does it?", "Does it so?")).digest == load(tmp_path).digest

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("{plain: {}}", "{plain: {optim.lr: 0.2}}"),
            ("seeds: 3", "seeds: 4"),
            ("seeds: 3", "seeds: 3\nset: {optim.lr: 0.3}"),
            ("seeds: 3", "seeds: 3\ngrid: {optim.lr: [0.1]}"),
            ("seeds: 3", "seeds: 3\ntune: {over: {optim.lr: [0.1]}}"),
        ],
    )
    def test_what_is_asked_counts(self, tmp_path: Path, old: str, new: str) -> None:
        assert load(tmp_path, PLAIN.replace(old, new)).digest != load(tmp_path).digest

    def test_the_base_counts(self, tmp_path: Path) -> None:
        before = load(tmp_path).digest
        assert load(tmp_path, base=BASE.replace("epochs: 2", "epochs: 3")).digest != before


def tuned(folder: Path, over: str, *more: str) -> Experiment:
    arms = "arms: {plain: {}, drop: {model.drop_prob.hidden: 0.5}}"
    lines = [f"  over: {over}", *(f"  {line}" for line in more)]
    return load(folder, PLAIN.replace("arms: {plain: {}}", arms) + "\n".join(["tune:", *lines]) + "\n")


def plan_of(folder: Path, over: str, *more: str) -> TuneConfig:
    plan = tuned(folder, over, *more).tune
    assert plan is not None
    return plan


class TestTuning:
    def test_the_learning_rate_goes_on_by_default(self, tmp_path: Path) -> None:
        plan = plan_of(tmp_path, "{optim.lr: [0.1, 0.3, 1.0]}")
        assert (plan.extend, plan.seeds, plan.by) == (("optim.lr",), (1000, 1001), "final_valid_loss")

    def test_what_cannot_go_on_does_not_by_default(self, tmp_path: Path) -> None:
        assert plan_of(tmp_path, "{optim.lr: [0.1]}").extend == ()
        assert plan_of(tmp_path, "{optim.momentum: [0.1, 0.2]}").extend == ()

    def test_numbers_ascend_however_they_are_written(self, tmp_path: Path) -> None:
        assert plan_of(tmp_path, "{optim.lr: [1.0, 0.1, 0.3]}").of("plain")["optim.lr"] == (0.1, 0.3, 1.0)

    def test_an_arm_may_have_a_grid_of_its_own(self, tmp_path: Path) -> None:
        own = "arms: {drop: {optim.lr: [0.1], model.drop_prob.hidden: [0.2, 0.5]}}"
        plan = plan_of(tmp_path, "{optim.lr: [0.1, 0.3]}", own)
        assert [len(plan.points(arm)) for arm in ("plain", "drop")] == [2, 2]
        assert plan.points("drop")[1] == {"optim.lr": 0.1, "model.drop_prob.hidden": 0.5}

    def test_all_arms_that_have_the_axis_go_on(self, tmp_path: Path) -> None:
        plan = plan_of(tmp_path, "{optim.lr: [0.1, 0.3, 1.0]}")
        up, down = plan.extended("optim.lr", up=True), plan.extended("optim.lr", up=False)
        assert [up.of(arm)["optim.lr"] for arm in up.arms] == [(0.1, 0.3, 1.0, 3.0)] * 2
        assert [down.of(arm)["optim.lr"] for arm in down.arms] == [(0.03, 0.1, 0.3, 1.0)] * 2

    @pytest.mark.parametrize(
        ("path", "values", "up"),
        [
            ("optim.momentum", "[0.5, 0.9]", True),  # 1.62 is no momentum
            ("train.batch_size", "[100, 200]", True),  # 400 is more than the 300 images: a rule, not a range
            ("train.epochs", "[1, 2]", False),  # half an epoch
        ],
    )
    def test_the_plan_stays_where_the_schema_or_a_rule_ends(
        self, tmp_path: Path, path: str, values: str, up: bool
    ) -> None:
        experiment = tuned(tmp_path, f"{{{path}: {values}}}", f"extend: [{path}]")
        plan = experiment.tune
        assert plan is not None
        assert experiment.extended(plan, path, up=up) == plan
        assert experiment.extended(plan, path, up=not up) != plan

    def test_an_axis_that_no_arm_has_changes_nothing(self, tmp_path: Path) -> None:
        plan = plan_of(tmp_path, "{optim.lr: [0.1, 0.3]}")
        assert plan.extended("optim.momentum", up=True) == plan

    @pytest.mark.parametrize(
        ("values", "down", "up"),
        [
            ((0.003, 0.01, 0.03, 0.1), 0.001, 0.3),
            ((0.1, 0.3, 1.0), 0.03, 3.0),
            ((0.01, 0.02, 0.04), 0.005, 0.08),
            ((0.1, 0.3), 0.0333333, 0.9),
            ((25, 50, 100), 12, 200),  # whole numbers stay whole
        ],
    )
    def test_the_next_value_keeps_the_rhythm(self, values: tuple[float, ...], down: float, up: float) -> None:
        assert (next_value(values, up=False), next_value(values, up=True)) == (down, up)

    @given(st.floats(1e-3, 10), st.floats(1.2, 10), st.integers(2, 6))
    @settings(max_examples=50, deadline=None)
    def test_a_geometric_ladder_goes_on_geometrically(self, first: float, ratio: float, length: int) -> None:
        values = tuple(first * ratio**i for i in range(length))
        assert next_value(values, up=True) == pytest.approx(first * ratio**length, rel=1e-5)
        assert next_value(values, up=False) == pytest.approx(first / ratio, rel=1e-5)

    @pytest.mark.parametrize("values", [(0.1,), (0.0, 0.1), (-1, 1), ("a", "b"), (True, False)])
    def test_what_has_no_rhythm_has_no_next_value(self, values: tuple[object, ...]) -> None:
        with pytest.raises(ValueError, match="has no next step"):
            next_value(values, up=True)  # type: ignore[arg-type]


class TestNotices:
    def test_a_plain_experiment_has_none(self, tmp_path: Path) -> None:
        assert experiment_warnings(load(tmp_path)) == []

    def test_arms_that_are_the_same(self, tmp_path: Path) -> None:
        content = PLAIN.replace("{plain: {}}", "{a: {}, b: {optim.lr: 0.1}, c: {optim.lr: 0.2}}")
        assert experiment_warnings(load(tmp_path, content)) == ["arms a and b are the same"]

    def test_arms_with_more_trials(self, tmp_path: Path) -> None:
        content = PLAIN.replace("{plain: {}}", "{a: {}, b: {optim.momentum: 0.1}}") + (
            "tune: {over: {optim.lr: [0.1, 0.2]}, arms: {b: {optim.lr: [0.1]}}}\n"
        )
        assert experiment_warnings(load(tmp_path, content)) == [
            "tune: the arms have unequal numbers of trials (a 2, b 1): more find better values"
        ]

    def test_grids_that_grow_unevenly(self, tmp_path: Path) -> None:
        own = "{optim.lr: [0.1, 0.2], optim.weight_decay: [0.0, 0.1]}"
        content = PLAIN.replace("{plain: {}}", "{a: {}, b: {optim.momentum: 0.1}}") + (
            f"tune: {{over: {{optim.lr: [0.1, 0.2, 0.4, 0.8]}}, arms: {{b: {own}}}}}\n"
        )
        assert experiment_warnings(load(tmp_path, content)) == [
            "tune.extend: a step of optim.lr adds unequal numbers of trials (a 1, b 2)"
        ]

    def test_what_the_grid_sets_over_an_arm(self, tmp_path: Path) -> None:
        content = PLAIN.replace("plain: {}", "a: {optim.lr: 0.2}") + "grid: {optim.lr: [1, 2]}\n"
        assert experiment_warnings(load(tmp_path, content)) == [
            "arms.a: optim.lr has no effect: the grid sets it"
        ]

    def test_what_has_no_effect_names_the_arm(self, tmp_path: Path) -> None:
        content = PLAIN.replace("{plain: {}}", "{a: {}, b: {model.drop_prob.conv: 0.5}}")
        assert experiment_warnings(load(tmp_path, content)) == [
            "arms.b: model.drop_prob.conv has no effect in an mlp: it has no convolutions"
        ]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PLAIN, "experiment"),
        ("arms: {}\nmodel: {}\noptim: {}\n", "experiment"),
        ("name: a\nquestion: b\nbase: c\narm: {}\n", "experiment"),
        ("nmae: a\nqestion: b\nbase: c\n", "experiment"),
        (BASE, "run"),
        ("extends: base.yaml\n", "run"),
        ("name: a\nmodle: {}\ntrian: {}\n", "run"),
        ("zebra: 1\n", "run"),
        ("[", None),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_keys(tmp_path: Path, content: str, kind: str | None) -> None:
    (tmp_path / "a.yaml").write_text(content)
    assert kind_of_file(tmp_path / "a.yaml") == kind


def test_an_experiment_given_as_a_run_says_what_runs_it(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(PLAIN)
    with pytest.raises(ConfigError, match=r"mine.yaml: is an experiment, .*: regx sweep .*mine.yaml"):
        load_run(tmp_path / "mine.yaml")


PATHS = st.sampled_from(
    ["optim.lr", "optim.momentum", "model.drop_prob", "train.epochs", "name", "a..b", "x.y", ""]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2000) | st.floats(allow_nan=True) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["hidden", "x"]), inner, max_size=2)
    ),
    max_leaves=3,
)
LAYERS = st.dictionaries(PATHS, VALUES, max_size=2) | VALUES
AXES = st.dictionaries(PATHS, st.lists(VALUES, max_size=3) | VALUES, max_size=2) | VALUES
SEEDS = st.integers(-1, 5) | st.lists(st.integers(0, 1001), max_size=3) | VALUES
TUNES = (
    st.fixed_dictionaries(
        {},
        optional={
            "over": AXES,
            "arms": st.dictionaries(st.sampled_from("ab"), AXES),
            "seeds": SEEDS,
            "extend": st.lists(PATHS, max_size=2),
            "per": st.sampled_from(["arm", "cell"]) | VALUES,
            "by": st.sampled_from(["final_valid_loss", "steps_to_target"]),
        },
    )
    | VALUES
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "name": st.just("a") | VALUES,
        "question": st.just("b"),
        "base": st.just("base.yaml") | VALUES,
        "arms": st.dictionaries(st.sampled_from(["a", "b", "c:"]), LAYERS, max_size=3) | VALUES,
        "seeds": SEEDS,
    },
    optional={
        "set": LAYERS,
        "grid": AXES,
        "tune": TUNES,
        "tiers": st.dictionaries(
            st.sampled_from(["smoke", "gpu", "x"]),
            st.fixed_dictionaries({}, optional={"seeds": SEEDS, "set": LAYERS, "grid": AXES, "tune": TUNES})
            | VALUES,
        )
        | VALUES,
    },
)


@given(DOCUMENTS, st.sampled_from(["cpu", "smoke", "gpu"]))
@settings(max_examples=80, deadline=None)
def test_any_document_is_an_experiment_or_a_config_error(document: object, tier: str) -> None:
    problems: Sequence[Problem] = ()
    with tempfile.TemporaryDirectory() as folder:
        try:
            experiment = load(Path(folder), yaml.safe_dump(document), tier)
        except ConfigError as error:
            problems = error.problems
        else:
            check_last_configs(experiment)
        assert all(str(problem.place).startswith(folder) for problem in problems)


ARM = st.fixed_dictionaries(
    {},
    optional={
        "optim.momentum": st.floats(0, 0.99),
        "model.batch_norm": st.booleans(),
        "model.drop_prob": st.fixed_dictionaries({"hidden": st.floats(0, 0.9)}),
    },
)
ARMS = st.dictionaries(st.from_regex(r"\A[a-z][a-z0-9_.-]{0,8}\Z"), ARM, min_size=1, max_size=4)


@given(
    ARMS,
    st.lists(st.floats(1e-4, 10), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(1, 50), min_size=1, max_size=3, unique=True),
    st.integers(1, 20),
)
@settings(max_examples=30, deadline=None)
def test_the_configs_of_an_experiment_survive_being_written(
    arms: dict[str, object], rates: list[float], epochs: list[int], seeds: int
) -> None:
    document = {
        **yaml.safe_load(PLAIN),
        "arms": arms,
        "grid": {"train.epochs": epochs},
        "tune": {"over": {"optim.lr": rates}},
        "seeds": seeds,
    }
    with tempfile.TemporaryDirectory() as folder:
        experiment = load(Path(folder), yaml.safe_dump(document))
        assert experiment.arms == tuple(sorted(arms))  # safe_dump sorts
        assert len(experiment.cells_of(experiment.arms[0])) * len(experiment.seeds) == len(epochs) * seeds
        check_last_configs(experiment)


def check_last_configs(experiment: Experiment) -> None:
    """Each arm's last cell and point give a config that survives being written and read."""
    for arm in experiment.arms:
        point = experiment.tune.points(arm)[-1] if experiment.tune else {}
        config = experiment.config(arm, {**experiment.cells_of(arm)[-1], **point}, 1)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "config.yaml"
            path.write_text(dump_config(config))
            assert load_run(path) == config
