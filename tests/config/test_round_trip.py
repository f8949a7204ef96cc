"""Any YAML gives a config or a ConfigError; any config survives being written and read."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from regx.config import ConfigError, RunConfig, config_hash, dump_config, load_run
from regx.config.schema import settings_of

GOOD = "name: a\ndata: {name: digits}\nmodel: {family: cnn}\noptim: {lr: 0.1}\n"

PROBABILITIES = st.floats(0, 0.99)
WIDTHS = st.lists(st.integers(1, 300), min_size=1, max_size=3)
PER_LAYER = PROBABILITIES | st.lists(PROBABILITIES, min_size=1, max_size=3)
DECAYS = st.one_of(
    st.just({"kind": "none"}),
    st.builds(lambda factor: {"kind": "exponential", "factor": factor}, st.floats(0.1, 1)),
    st.builds(lambda epochs: {"kind": "step", "factor": 0.5, "every_epochs": epochs}, st.integers(1, 99)),
    st.builds(lambda steps: {"kind": "inverse_time", "half_life_steps": steps}, st.floats(1e-3, 1e9)),
    st.builds(
        lambda kind, end: {"kind": kind, "end_factor": end},
        st.sampled_from(["linear", "cosine"]),
        PROBABILITIES,
    ),
)
MODELS = st.fixed_dictionaries(
    {"family": st.sampled_from(["cnn", "mlp"])},
    optional={
        "conv_channels": WIDTHS,
        "kernel_size": st.sampled_from([1, 3, 5]),
        "pool": st.sampled_from([{"size": 2}, {"size": 3, "stride": 2}, {"size": 1, "stride": 1}]),
        "hidden_sizes": WIDTHS | st.just([]),
        "activation": st.sampled_from(["relu", "sigmoid", "tanh"]),
        "batch_norm": st.booleans()
        | st.builds(lambda eps: {"eps": eps}, st.floats(1e-8, 1))
        | st.builds(lambda sd: {"noise": {"mean_sd": sd}, "reference_images": 500}, st.floats(0, 9)),
        "drop_mask": st.builds(lambda epoch: {"kind": "fixed", "from_epoch": epoch}, st.integers(1, 10)),
        "drop_prob": st.fixed_dictionaries(
            {}, optional={"input": PROBABILITIES, "conv": PER_LAYER, "hidden": PER_LAYER}
        ),
        "init": st.builds(lambda gain: {"scheme": "xavier", "gain": gain}, st.floats(1e-3, 1e3)),
    },
)
OPTIMS = st.fixed_dictionaries(
    {"lr": st.floats(1e-6, 1e3)},
    optional={
        "lr_decay": DECAYS,
        "momentum": PROBABILITIES | st.just({"start": 0.5, "end": 0.99, "steps": 10**12}),
        "nesterov": st.booleans(),
        "weight_decay": st.floats(0, 1),
        "max_norm": st.none() | st.floats(0.1, 10),
    },
)
RUNS = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,20}\Z"),
        "data": st.fixed_dictionaries({"name": st.sampled_from(["digits", "mnist", "cifar10"])}),
        "model": MODELS,
        "optim": OPTIMS,
    },
    optional={
        "train": st.fixed_dictionaries(
            {}, optional={"epochs": st.integers(1, 999), "batch_size": st.integers(2, 99)}
        ),
        "seed": st.integers(0, 2**53),
        "device": st.sampled_from(["auto", "cpu"]),
    },
)


def load_text(content: str | bytes, *overrides: str) -> RunConfig:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        return load_run(path, overrides)


def is_refused_in_words(content: str | bytes, *overrides: str) -> None:
    """Load; a ConfigError whose every line names a place is all that may be raised."""
    try:
        load_text(content, *overrides)
    except ConfigError as raised:
        error = raised
    else:
        return
    lines = str(error).split("\n")
    assert len(lines) == len(error.problems)
    assert all(line.isprintable() and ": " in line for line in lines)


@given(RUNS)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_a_config_survives_being_written_and_read(content: dict[str, Any]) -> None:
    try:
        config = RunConfig.model_validate(content)
    except ValidationError:  # a rule that joins fields, e.g. a list of the wrong length
        return
    again = load_text(dump_config(config))
    assert again == config
    assert config_hash(again) == config_hash(config)


@pytest.mark.parametrize(
    "name", ["1e3", "007", "null", "true", "12", "1.5", "0x1", "yes", "1e-5", "1.e5", "1.2.3"]
)
def test_a_name_that_looks_like_something_else_survives(name: str) -> None:
    config = RunConfig.model_validate({**yaml.safe_load(GOOD), "name": name})
    assert load_text(dump_config(config)).name == name


KEYS = st.sampled_from([setting.name for setting in settings_of()]) | st.text(max_size=5)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["cnn", "mnist"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)


@given(st.dictionaries(KEYS, ANYTHING, max_size=8))
@settings(max_examples=50, deadline=None)
def test_any_structure_is_loaded_or_refused_in_words(content: dict[str, Any]) -> None:
    is_refused_in_words(yaml.safe_dump(content, allow_unicode=True))


@given(RUNS, KEYS, st.sampled_from(["data", "model", "optim", "train"]), ANYTHING)
@settings(max_examples=50, deadline=None)
def test_any_value_in_a_good_config_is_loaded_or_refused_in_words(
    content: dict[str, Any], key: str, section: str, value: Any
) -> None:
    is_refused_in_words(yaml.safe_dump({**content, section: {**content.get(section, {}), key: value}}))


@given(st.text(max_size=40) | st.text("{}[]:,&*!|>'\"%@#-? \n\tab1.", max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_text_is_refused_in_words(text: str) -> None:
    is_refused_in_words(text)


@given(st.binary(max_size=40))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    is_refused_in_words(content)


@given(st.text(max_size=10) | KEYS, st.text(max_size=15) | st.text("{}[]:,&*!a1.", max_size=10))
@settings(max_examples=100, deadline=None)
def test_any_override_is_loaded_or_refused_in_words(key: str, value: str) -> None:
    is_refused_in_words(GOOD, f"{key}={value}", f"model.{key}={value}")


def test_the_hash_is_the_same_on_every_machine() -> None:
    # Another hash is another folder for every run: finished runs are then trained again.
    assert config_hash(load_text(GOOD)) == "927e44ac"


def test_settings_added_later_leave_the_hash_of_runs_without_them_alone() -> None:
    """The hash of a config with batch norm, as it was before ghosts, reference images and noise came."""
    assert config_hash(load_text(GOOD, "model.batch_norm=true")) == "a9fa4931"
    off = ("model.batch_norm={ghost_size: null, noise: none}", "optim.freeze_layers=0", "train.stop_if=none")
    assert config_hash(load_text(GOOD, *off)) == "a9fa4931"


def test_the_hash_knows_neither_name_nor_seed() -> None:
    assert config_hash(load_text(GOOD, "name=b", "seed=7")) == config_hash(load_text(GOOD))


def other_value(path: str) -> str:
    """A value that is neither the default nor that of GOOD."""
    others = {
        "data.name": "mnist",
        "data.train_size": "200",
        "data.preprocess": "center",
        "data.augment": "flip",
        "model.family": "mlp",
        "model.conv_channels": "[4, 4]",
        "model.kernel_size": "5",
        "model.pool": "{size: 3, stride: 1}",
        "model.hidden_sizes": "[64]",
        "model.activation": "tanh",
        "model.batch_norm": "true",
        "model.drop_prob": "{input: 0.1}",
        "model.conv_drop": "element",
        "model.init": "{scheme: xavier}",
        "model.init.scheme": "xavier",
        "optim.lr": "0.2",
        "optim.lr_decay": "{kind: cosine}",
        "optim.momentum": "0.5",
        "optim.nesterov": "true",
        "optim.max_norm": "3",
        "train.precision": "bf16",
        "train.target_error": "0.1",
        "device": "cpu",
        "model.batch_norm.affine": "false",
        "model.pool.stride": "1",
        "model.pool.size": "3",
        "train.epochs": "3",
        "train.batch_size": "20",
        "train.threads": "2",
        "train.bn_reestimate_images": "0",
        "train.eval_every": "2",
        "model.batch_norm.ghost_size": "20",
        "model.batch_norm.reference_images": "100",
        "model.batch_norm.noise": "{}",
        "model.batch_norm.noise.scale_max": "2",
        "model.drop_mask": "{kind: fixed, from_epoch: 3}",
        "model.drop_mask.from_epoch": "3",
        "optim.train_only": "batch_norm",
        "optim.freeze_layers": "1",
        "train.stop_if": "{epoch: 5, train_loss_above: 2}",
        "train.stop_if.epoch": "6",
    }
    return others.get(path, "0.25")


SETTINGS = sorted(
    {
        setting.path
        for setting in settings_of()
        if setting.path not in ("name", "seed", "probes", "data", "model", "optim", "train")
        and not setting.path.startswith(("optim.lr_decay.", "optim.momentum."))
        and setting.path != "model.drop_mask.kind"
    }
)


# What must be on for a setting to exist.
NEEDS = {
    "model.batch_norm.": "model.batch_norm=true",
    "optim.train_only": "model.batch_norm=true",
    "model.drop_mask.": "model.drop_mask={kind: fixed, from_epoch: 2}",
    "train.stop_if.": "train.stop_if={epoch: 5, train_loss_above: 2}",
}


@pytest.mark.parametrize("path", SETTINGS)
def test_the_hash_changes_with_every_other_setting(path: str) -> None:
    before = [on for prefix, on in NEEDS.items() if path.startswith(prefix)]
    plain = config_hash(load_text(GOOD, *before))
    assert config_hash(load_text(GOOD, *before, f"{path}={other_value(path)}")) != plain


def test_defaults_written_out_do_not_change_the_hash() -> None:
    config = load_text(GOOD)
    assert config_hash(load_text(dump_config(config))) == config_hash(config)
