from typing import Any

import pytest
from pydantic import ValidationError

from regx.config import RunConfig
from regx.config.rules import RuleError


def build(**sections: Any) -> RunConfig:
    content: dict[str, Any] = {
        "name": "a",
        "data": {"name": "mnist"},
        "model": {"family": "cnn"},
        "optim": {"lr": 0.1},
    }
    for name, section in sections.items():
        content[name] = {**content.get(name, {}), **section}
    return RunConfig.model_validate(content)


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "subset larger than the pool": (
        {"data": {"train_size": 50_001}},
        "data.train_size: must be at most 50000",
    ),
    "batch larger than the subset": (
        {"data": {"train_size": 99}},
        "train.batch_size: must be at most 99, the number of training images (got 100)",
    ),
    "batch norm of one image": (
        {"model": {"batch_norm": True}, "train": {"batch_size": 1}},
        "train.batch_size: must be >= 2 with batch norm",
    ),
    "even kernel": ({"model": {"kernel_size": 4}}, "model.kernel_size: must be odd"),
    "pooling that skips pixels": (
        {"model": {"pool": {"size": 1, "stride": 2}}},
        "model.pool.stride: must be at most",
    ),
    "more poolings than pixels": (
        {"model": {"conv_channels": [8] * 5}},
        "model.conv_channels: the pooling after convolution 5 leaves no pixel: its window of "
        "2 is larger than the "
        "map (sides 28 -> 14 -> 7 -> 3 -> 1)",
    ),
    "list too short": (
        {"model": {"drop_prob": {"conv": [0.1]}}},
        "model.drop_prob.conv: has length 1; model.conv_channels has 2",
    ),
    "list too long": (
        {"model": {"drop_prob": {"hidden": [0.1, 0.2]}}},
        "model.drop_prob.hidden: has length 2; model.hidden_sizes has 1",
    ),
    "nesterov without momentum": (
        {"optim": {"nesterov": True, "momentum": 0.0}},
        "optim.nesterov: needs optim.momentum > 0 (got 0)",
    ),
    "nesterov on a ramp from 0": (
        {"optim": {"nesterov": True, "momentum": {"start": 0.0, "end": 0.9, "steps": 5}}},
        "optim.nesterov: needs optim.momentum.start > 0 (got 0)",
    ),
    "rotated pixels in a cnn": ({"data": {"preprocess": "pca_whiten"}}, "data.preprocess: pca_whiten needs"),
    "augmentation after whitening": (
        {"data": {"preprocess": "zca_whiten", "augment": "flip"}},
        "data.augment: flip needs data.preprocess none or standardize",
    ),
    "too many parameters": (
        {"model": {"family": "mlp", "hidden_sizes": [65_536, 65_536]}},
        "model.hidden_sizes: the network has 4,347,133,962 parameters; at most 500,000,000 are allowed",
    ),
}


@pytest.mark.parametrize(("sections", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_names_its_path(sections: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError) as error:
        build(**sections)
    [cause] = [detail["ctx"]["error"] for detail in error.value.errors()]
    assert isinstance(cause, RuleError)
    [rule] = cause.broken
    assert f"{rule.path}: {rule.message}".startswith(expected)


ALLOWED: dict[str, dict[str, Any]] = {
    "the whole pool in one batch": {"data": {"train_size": 500}, "train": {"batch_size": 500}},
    "no pooling": {"model": {"pool": {"size": 1, "stride": 1}, "conv_channels": [8] * 20}},
    "one pixel left": {"model": {"conv_channels": [8] * 4}},
    "rotated pixels in an mlp": {"model": {"family": "mlp"}, "data": {"preprocess": "pca_whiten"}},
    "augmentation of standardized images": {"data": {"augment": "crop_flip"}},
    "a list of dropout that an mlp does not read": {"model": {"family": "mlp", "drop_prob": {"conv": [0.1]}}},
    "nesterov with a ramp": {"optim": {"nesterov": True, "momentum": {"start": 0.1, "end": 0.9, "steps": 5}}},
}


@pytest.mark.parametrize("sections", ALLOWED.values(), ids=ALLOWED)
def test_what_lies_within_the_rules_is_allowed(sections: dict[str, Any]) -> None:
    assert build(**sections)


def test_all_broken_rules_come_together() -> None:
    with pytest.raises(ValidationError) as error:
        build(model={"kernel_size": 2}, optim={"nesterov": True, "momentum": 0.0})
    [detail] = error.value.errors()
    assert [rule.path for rule in detail["ctx"]["error"].broken] == ["model.kernel_size", "optim.nesterov"]
