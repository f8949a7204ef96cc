from typing import Any

import pytest
from pydantic import ValidationError

from regx.config import RunConfig
from regx.config.errors import RuleError


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
    "ghosts that do not fill the batch": (
        {"model": {"batch_norm": {"ghost_size": 32}}},
        "model.batch_norm.ghost_size: must divide train.batch_size, 100 (got 32)",
    ),
    "more reference images than there are": (
        {"data": {"train_size": 500}, "model": {"batch_norm": {"reference_images": 501}}},
        "model.batch_norm.reference_images: must be at most 500, the number of training images (got 501)",
    ),
    "ghosts of reference images": (
        {"model": {"batch_norm": {"reference_images": 500, "ghost_size": 50}}},
        "model.batch_norm.reference_images: cannot be joined with ghost_size",
    ),
    "only batch norm, and none": (
        {"optim": {"train_only": "batch_norm"}},
        "optim.train_only: batch_norm needs model.batch_norm in a hidden layer",
    ),
    "only batch norm, in no layer": (
        {
            "model": {"family": "mlp", "hidden_sizes": [], "batch_norm": True},
            "optim": {"train_only": "batch_norm"},
        },
        "optim.train_only: batch_norm needs model.batch_norm in a hidden layer",
    ),
    "only gamma and beta, and none": (
        {"model": {"batch_norm": {"affine": False}}, "optim": {"train_only": "batch_norm"}},
        "optim.train_only: batch_norm needs model.batch_norm.affine: gamma and beta are what is trained",
    ),
    "only batch norm under zeros": (
        {
            "model": {"batch_norm": True, "init": {"output_gain": 0.0}},
            "optim": {"train_only": "batch_norm"},
        },
        "model.init.output_gain: must be > 0 with optim.train_only batch_norm",
    ),
    "all layers frozen": (
        {"optim": {"freeze_layers": 4}},
        "optim.freeze_layers: must be at most 3, the number of hidden layers: the output layer at least is"
        " trained (got 4)",
    ),
    "all batch norm frozen": (
        {"model": {"batch_norm": True}, "optim": {"train_only": "batch_norm", "freeze_layers": 3}},
        "optim.freeze_layers: must be below 3, the number of hidden layers, with optim.train_only batch_norm",
    ),
    "mask fixed after the end": (
        {"model": {"drop_prob": {"hidden": 0.5}, "drop_mask": {"kind": "fixed", "from_epoch": 11}}},
        "model.drop_mask.from_epoch: must be at most train.epochs, 10 (got 11)",
    ),
    "stopped at the end": (
        {"train": {"stop_if": {"epoch": 10, "train_loss_above": 2.0}}},
        "train.stop_if.epoch: must be below train.epochs, 10: there is nothing left to stop (got 10)",
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
    assert f"{rule.dotted}: {rule.message}".startswith(expected)


ALLOWED: dict[str, dict[str, Any]] = {
    "the whole pool in one batch": {"data": {"train_size": 500}, "train": {"batch_size": 500}},
    "no pooling": {"model": {"pool": {"size": 1, "stride": 1}, "conv_channels": [8] * 20}},
    "one pixel left": {"model": {"conv_channels": [8] * 4}},
    "rotated pixels in an mlp": {"model": {"family": "mlp"}, "data": {"preprocess": "pca_whiten"}},
    "augmentation of standardized images": {"data": {"augment": "crop_flip"}},
    "a list of dropout that an mlp does not read": {"model": {"family": "mlp", "drop_prob": {"conv": [0.1]}}},
    "ghosts that fill the batch": {"model": {"batch_norm": {"ghost_size": 50}}},
    "all images as reference": {
        "data": {"train_size": 500},
        "model": {"batch_norm": {"reference_images": 500}},
    },
    "one layer's batch norm trained": {
        "model": {"batch_norm": True},
        "optim": {"train_only": "batch_norm", "freeze_layers": 2},
    },
    "the output layer trained": {"optim": {"freeze_layers": 3}},
    "frozen layers of an mlp": {"model": {"family": "mlp"}, "optim": {"freeze_layers": 1}},
    "a mask for the last epoch": {"model": {"drop_mask": {"kind": "fixed", "from_epoch": 10}}},
    "stopped before the last epoch": {"train": {"stop_if": {"epoch": 9, "train_loss_above": 2.0}}},
    "nesterov with a ramp": {"optim": {"nesterov": True, "momentum": {"start": 0.1, "end": 0.9, "steps": 5}}},
}


@pytest.mark.parametrize("sections", ALLOWED.values(), ids=ALLOWED)
def test_what_lies_within_the_rules_is_allowed(sections: dict[str, Any]) -> None:
    assert build(**sections)


def test_all_broken_rules_come_together() -> None:
    with pytest.raises(ValidationError) as error:
        build(model={"kernel_size": 2}, optim={"nesterov": True, "momentum": 0.0})
    [detail] = error.value.errors()
    assert [rule.dotted for rule in detail["ctx"]["error"].broken] == ["model.kernel_size", "optim.nesterov"]
