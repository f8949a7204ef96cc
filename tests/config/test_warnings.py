from pathlib import Path

import pytest

from regx.config import dump_config, load_run
from regx.config.warnings import run_warnings, thread_warnings

BASE = "name: a\ndata: {name: digits}\nmodel: {family: cnn}\noptim: {lr: 0.1}\n"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text(BASE)
    return path


ONLY_NORMS = ["model.batch_norm=true", "optim.train_only=batch_norm"]
MLP, FLAT = "model.family=mlp", "model.hidden_sizes=[]"
WITHOUT_EFFECT = {
    "kernel of an mlp": ([MLP, "model.kernel_size=5"], "model.kernel_size has no effect in an mlp"),
    "channels of an mlp": ([MLP, "model.conv_channels=[8]"], "model.conv_channels has no effect in an mlp"),
    "pooling of an mlp": ([MLP, "model.pool.size=3"], "model.pool has no effect in an mlp"),
    "kind of dropout in an mlp": (
        [MLP, "model.conv_drop=element"],
        "model.conv_drop has no effect in an mlp",
    ),
    "conv dropout in an mlp": (
        [MLP, "model.drop_prob.conv=0.1"],
        "model.drop_prob.conv has no effect in an mlp: it has no convolutions",
    ),
    "kind of no dropout": (
        ["model.conv_drop=element", "model.drop_prob.conv=0"],
        "model.conv_drop has no effect while model.drop_prob.conv is 0",
    ),
    "dropout of no layers": (
        [FLAT, "model.drop_prob.hidden=0.5"],
        "model.drop_prob.hidden has no effect without hidden layers",
    ),
    "batch norm of no layers": (
        [MLP, FLAT, "model.batch_norm=true"],
        "model.batch_norm has no effect without hidden layers",
    ),
    "step after the end": (
        ["optim.lr_decay={kind: step, factor: 0.1, every_epochs: 10}"],
        "optim.lr_decay never steps: every_epochs is 10, train.epochs 10",
    ),
    "factor 1": (
        ["optim.lr_decay={kind: exponential, factor: 1}"],
        "optim.lr_decay.factor 1 leaves the learning rate as it is",
    ),
    "end factor 1": (
        ["optim.lr_decay={kind: cosine, end_factor: 1}"],
        "optim.lr_decay.end_factor 1 leaves the learning rate as it is",
    ),
    "decay after one epoch": (
        ["optim.lr_decay={kind: exponential, factor: 0.9}", "train.epochs=1"],
        "optim.lr_decay has no effect in a run of one epoch: exponential decay begins after the first",
    ),
    "ramp longer than the run": (
        ["optim.momentum={start: 0.5, end: 0.9, steps: 200}"],
        "optim.momentum never reaches 0.9: the ramp takes 200 steps and the run has 100, so it ends near 0.7",
    ),
    "flat ramp": (
        ["optim.momentum={start: 0.9, end: 0.9, steps: 10}"],
        "optim.momentum is a ramp that does not rise",
    ),
    "statistics of nothing": (
        ["train.bn_reestimate_images=500"],
        "train.bn_reestimate_images has no effect without batch norm",
    ),
    "fixed mask of no dropout": (
        ["model.drop_mask={kind: fixed, from_epoch: 2}", "model.drop_prob.hidden=[0]"],
        "model.drop_mask has no effect without dropout",
    ),
    "ghost of the whole batch": (
        ["model.batch_norm.ghost_size=100"],
        "model.batch_norm.ghost_size has no effect: it is the whole batch",
    ),
    "noise of nothing": (
        ["model.batch_norm.noise={mean_sd: 0, scale_max: 1}"],
        "model.batch_norm.noise has no effect: mean_sd is 0 and scale_max 1",
    ),
    "update weight of reference images": (
        ["model.batch_norm={reference_images: 50, update_weight: 0.5}"],
        "model.batch_norm.update_weight has no effect with reference_images: the statistics are always those"
        " of the reference images",
    ),
    "fresh statistics beside reference images": (
        ["model.batch_norm.reference_images=50", "train.bn_reestimate_images=0"],
        "train.bn_reestimate_images has no effect with model.batch_norm.reference_images: the statistics are"
        " always those of the reference images",
    ),
    "max-norm of frozen weights": (
        [*ONLY_NORMS, "model.init.output_gain=1", "optim.max_norm=3"],
        "optim.max_norm has no effect with optim.train_only batch_norm: no weights are trained",
    ),
    "small logits for good": (
        ONLY_NORMS,
        "model.init.output_gain 0.1 keeps the logits small: with optim.train_only batch_norm the output layer"
        " is not trained (1 is usual there)",
    ),
    "dropout before batch norm": (
        ["model.batch_norm=true", "train.bn_reestimate_images=0", "model.drop_prob.conv=0.1"],
        "model.drop_prob zeroes before a batch norm, and its running variance is then not that of evaluation"
        " (variance shift, Li et al. 2018): leave train.bn_reestimate_images above 0, or drop after the last"
        " batch norm only",
    ),
}


@pytest.mark.parametrize(("overrides", "expected"), WITHOUT_EFFECT.values(), ids=WITHOUT_EFFECT)
def test_a_setting_without_effect_is_noticed(overrides: list[str], expected: str, base: Path) -> None:
    assert run_warnings(load_run(base, overrides)) == [expected]


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        [MLP],
        ["model.conv_drop=element", "model.drop_prob.conv=[0.1, 0]"],
        ["optim.lr_decay={kind: step, factor: 0.1, every_epochs: 9}"],
        ["optim.momentum={start: 0.5, end: 0.9, steps: 100}"],
        ["train.bn_reestimate_images=0", "model.batch_norm=true"],
        ["train.bn_reestimate_images=0", "model.batch_norm=true", "model.drop_prob.hidden=0.5"],
        ["model.batch_norm=true", "model.drop_prob.conv=0.1"],
        ["model.drop_mask={kind: fixed, from_epoch: 2}", "model.drop_prob.conv=0.1"],
        ["model.batch_norm={ghost_size: 50, update_weight: 0.1, noise: {}}"],
        [*ONLY_NORMS, "model.init.output_gain=1"],
    ],
    ids=str,
)
def test_a_setting_with_effect_is_not(overrides: list[str], base: Path) -> None:
    assert run_warnings(load_run(base, overrides)) == []


def test_defaults_that_are_written_out_are_no_reason_for_a_warning(base: Path) -> None:
    base.write_text(dump_config(load_run(base, [MLP])))
    assert run_warnings(load_run(base)) == []


@pytest.mark.parametrize(
    ("threads", "cores", "at_once", "said"),
    [
        (64, 1, 1, ["train.threads 64 on 1 core: with more threads than cores, training is far slower"]),
        (3, 2, 1, ["train.threads 3 on 2 cores: with more threads than cores, training is far slower"]),
        (2, 2, 1, []),
        (1, 1, 1, []),
        (1, 2, 8, []),  # runs of one thread that take turns are no slower for it
        (
            2,
            4,
            4,
            [
                "train.threads 2 in 4 runs at the same time on 4 cores: with more threads than cores, "
                "training is far slower; --jobs 2 would be faster"
            ],
        ),
        (2, 4, 2, []),
    ],
)
def test_more_threads_than_cores(
    threads: int, cores: int, at_once: int, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regx.config.warnings.available_cores", lambda: cores)
    assert thread_warnings(threads, at_once) == said


def test_a_run_is_told_of_more_threads_than_cores(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regx.config.warnings.available_cores", lambda: 8)
    assert run_warnings(load_run(base, ["train.threads=64"])) == thread_warnings(64)
    assert run_warnings(load_run(base, ["train.threads=8"])) == []
