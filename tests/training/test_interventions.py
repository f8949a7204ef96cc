"""Toggles that intervene in training: what stays still, what is the same for all, what ends a run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small_config import small_config
from torch import Tensor, nn
from watching import Quiet, timeless

from regx.config import RunConfig
from regx.data.images import RunData
from regx.data.load import Dataset
from regx.models.batch_norm import ReferenceBatchNorm
from regx.models.dropout import FixableDropout
from regx.runs.folder import RunFolder
from regx.runs.metrics import EpochMetrics, read_rows
from regx.training.evaluate import evaluate, fresh_batch_norm
from regx.training.loop import Ending, TrainState, is_hopeless, train
from regx.training.observer import Rows
from regx.training.run import train_run
from regx.training.seeding import stream_seed
from regx.training.start import prepare, start

CNN: dict[str, Any] = {"family": "cnn", "conv_channels": [8], "hidden_sizes": [16, 16]}
WITH_DROPOUT: dict[str, Any] = {"drop_prob": {"input": 0.1, "conv": 0.2, "hidden": 0.3}}


def config_of(**sections: dict[str, Any]) -> RunConfig:
    return small_config(data={"train_size": 200}, **sections | {"model": CNN | sections.get("model", {})})


class Recorder(Rows):
    """Keeps a look at the network after each epoch, too."""

    def __init__(self, state: TrainState, look: Callable[[nn.Module], Any]) -> None:
        super().__init__()
        self.state, self.look = state, look
        self.seen: list[Any] = []

    def epoch_done(self, row: EpochMetrics) -> None:
        super().epoch_done(row)
        self.seen.append(self.look(self.state.network))


def begin(config: RunConfig, digits: Dataset) -> tuple[RunData, TrainState]:
    torch.set_num_threads(1)
    data = prepare(config, digits, torch.device("cpu"))
    state = start(config, data)
    torch.manual_seed(stream_seed(config.seed, "noise"))
    return data, state


def trained(
    config: RunConfig, digits: Dataset, look: Callable[[nn.Module], Any] = lambda _: None
) -> tuple[dict[str, Tensor], dict[str, Tensor], Recorder, Ending]:
    """Train, and return the parameters before and after, what was seen and how it ended."""
    data, state = begin(config, digits)
    before = {name: value.detach().clone() for name, value in state.network.named_parameters()}
    recorder = Recorder(state, look)
    ending = train(config, data, state, recorder)
    return before, dict(state.network.named_parameters()), recorder, ending


def moved(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


def test_only_gamma_and_beta_are_trained(digits: Dataset) -> None:
    config = config_of(
        model={"batch_norm": True, "init": {"output_gain": 1.0}},
        optim={"train_only": "batch_norm", "max_norm": 0.01, "weight_decay": 0.1, "nesterov": True},
    )
    before, after, recorder, _ = trained(config, digits)
    norms = {
        f"{layer}_norm.{name}" for layer in ("conv1", "hidden1", "hidden2") for name in ("weight", "bias")
    }
    assert moved(before, after) == norms
    assert recorder.rows[-1].train_loss < recorder.rows[0].train_loss


@pytest.mark.parametrize("batch_norm", [False, True])
def test_frozen_layers_keep_every_bit_and_so_do_their_activations(digits: Dataset, batch_norm: bool) -> None:
    """The inputs of the first trained layer then do not drift at all."""
    config = config_of(model={"batch_norm": batch_norm}, optim={"freeze_layers": 2, "max_norm": 0.5})
    data, _ = begin(config, digits)
    images, _ = data.train.batch(slice(0, 100))

    def inputs_of_the_first_trained_layer(network: nn.Module) -> Tensor:
        assert isinstance(network, nn.Sequential)
        names = [name for name, _ in network.named_children()]
        network.train()  # batch norm by the statistics of these images: running statistics go on moving
        with torch.no_grad():
            return network[: names.index("hidden2")](images)  # type: ignore[no-any-return]

    before, after, recorder, _ = trained(config, digits, inputs_of_the_first_trained_layer)
    assert {name.split(".")[0].removesuffix("_norm") for name in moved(before, after)} == {
        "hidden2",
        "output",
    }
    assert len(recorder.seen) == 3
    assert all(torch.equal(recorder.seen[0], later) for later in recorder.seen[1:])


def test_a_layer_that_is_not_frozen_moves(digits: Dataset) -> None:
    before, after, _, _ = trained(config_of(optim={"freeze_layers": 0}), digits)
    assert moved(before, after) == set(before)


def test_max_norm_leaves_frozen_weights_outside_the_ball(digits: Dataset) -> None:
    _, after, _, _ = trained(config_of(optim={"freeze_layers": 1, "max_norm": 0.1}), digits)
    norms = {name: value.flatten(1).norm(dim=1).max() for name, value in after.items() if value.ndim > 1}
    assert norms["conv1.weight"] > 0.2
    assert norms["output.weight"] < 0.101


def masks(network: nn.Module) -> dict[str, Tensor | None]:
    return {n: layer.mask for n, layer in network.named_modules() if isinstance(layer, FixableDropout)}


def test_a_fixed_mask_holds_from_its_epoch_on_and_changes_nothing_before(digits: Dataset) -> None:
    fixed = config_of(model=WITH_DROPOUT | {"drop_mask": {"kind": "fixed", "from_epoch": 2}})
    _, _, plain, _ = trained(config_of(model=WITH_DROPOUT), digits)
    _, _, recorder, _ = trained(fixed, digits, masks)

    def without_time(row: EpochMetrics) -> EpochMetrics:
        return replace(row, train_seconds=0.0, eval_seconds=0.0)

    assert without_time(recorder.rows[0]) == without_time(plain.rows[0])
    assert recorder.rows[1].train_loss_running != plain.rows[1].train_loss_running
    first, second, third = recorder.seen
    assert set(first) == {"input_drop", "conv1_drop", "hidden1_drop", "hidden2_drop"}
    assert set(first.values()) == {None}
    assert all(torch.equal(second[name], third[name]) for name in first)


def test_the_thinned_network_is_what_is_evaluated(digits: Dataset) -> None:
    """With one mask in both modes, and no batch norm, train mode and eval mode are the same function."""
    config = config_of(model=WITH_DROPOUT | {"drop_mask": {"kind": "fixed", "from_epoch": 1}})
    data, state = begin(config, digits)
    train(config, data, state, Recorder(state, masks))
    images, _ = data.valid.batch(slice(0, 50))
    assert torch.equal(state.network.train()(images), state.network.eval()(images))


def test_another_seed_has_another_mask(digits: Dataset) -> None:
    model = WITH_DROPOUT | {"drop_mask": {"kind": "fixed", "from_epoch": 1}}
    config = config_of(model=model, train={"epochs": 1})
    one, other = (
        trained(config.model_copy(update={"seed": seed}), digits, masks)[2].seen[0] for seed in (0, 1)
    )
    assert not torch.equal(one["hidden1_drop"], other["hidden1_drop"])


def test_reference_images_make_training_and_evaluation_one_function(digits: Dataset) -> None:
    """Evaluation takes the statistics of the same images under the weights of the moment."""
    config = config_of(
        model={"batch_norm": {"reference_images": 120}}, train={"bn_reestimate_images": 0, "epochs": 1}
    )
    data, state = begin(config, digits)
    train(config, data, state, Recorder(state, masks))
    images, _ = data.valid.batch(slice(0, 50))
    stale = state.network.eval()(images)  # the weights have moved since the last step
    with torch.no_grad(), fresh_batch_norm(state.network, data.train, 0):
        evaluated = state.network(images)
    torch.testing.assert_close(state.network.train()(images), evaluated)
    assert not torch.allclose(stale, evaluated, rtol=1e-4)


def test_fresh_reference_statistics_go_again(digits: Dataset) -> None:
    config = config_of(model={"batch_norm": {"reference_images": 120}})
    data, state = begin(config, digits)
    state.network.train()(data.train.batch(slice(0, 50))[0])
    layer = next(layer for layer in state.network.modules() if isinstance(layer, ReferenceBatchNorm))
    with torch.no_grad():
        for parameter in state.network.parameters():
            parameter.add_(0.1)
    before = layer.norm.get_buffer("running_mean").clone()
    with fresh_batch_norm(state.network, data.train, 2000):
        assert not torch.equal(layer.norm.get_buffer("running_mean"), before)
        evaluate(state.network, data.valid)
    assert torch.equal(layer.norm.get_buffer("running_mean"), before)


def test_ghosts_are_evaluated_with_the_statistics_of_whole_batches(digits: Dataset) -> None:
    """Fresh statistics of the same weights are those of plain batch norm."""
    ghosts, plain = config_of(model={"batch_norm": {"ghost_size": 10}}), config_of(model={"batch_norm": True})
    losses = []
    for config in (ghosts, plain):
        data, state = begin(config, digits)
        with fresh_batch_norm(state.network, data.train, 2000):
            losses.append(evaluate(state.network, data.valid))
    assert losses[0] == losses[1]


TOGGLES: dict[str, dict[str, Any]] = {
    "ghosts": {"model": {"batch_norm": {"ghost_size": 10}}},
    "reference images": {"model": {"batch_norm": {"reference_images": 30}}},
    "noise": {"model": {"batch_norm": {"noise": {}}}},
    "only batch norm": {
        "model": {"batch_norm": True, "init": {"output_gain": 1.0}},
        "optim": {"train_only": "batch_norm"},
    },
    "frozen layers": {"optim": {"freeze_layers": 1}},
    "fixed mask": {"model": WITH_DROPOUT | {"drop_mask": {"kind": "fixed", "from_epoch": 2}}},
    "stop rule": {"train": {"stop_if": {"epoch": 2, "train_loss_above": 0.01}}},
}


@pytest.mark.parametrize("step", [3, 6])
@pytest.mark.parametrize("sections", TOGGLES.values(), ids=TOGGLES)
def test_a_stopped_run_goes_on_to_the_same_bytes(
    sections: dict[str, Any], step: int, digits: Dataset, tmp_path: Path
) -> None:
    """Stopped within the first and within the second of three epochs of four steps."""
    config = config_of(**sections)
    whole, parts = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "parts")
    expected = train_run(config, whole, digits, Quiet())
    record = train_run(config, parts, digits, Quiet(stop=step))
    assert (record.status, record.steps_completed) == ("interrupted", step)
    record = train_run(config, parts, digits, Quiet())
    assert timeless(parts.path) == timeless(whole.path)
    assert (record.status, record.final, record.failure) == (
        expected.status,
        expected.final,
        expected.failure,
    )


@pytest.mark.parametrize("sections", TOGGLES.values(), ids=TOGGLES)
def test_every_toggle_changes_something(sections: dict[str, Any], digits: Dataset) -> None:
    """Against the same config without it."""
    plain = {name: section.copy() for name, section in sections.items()}
    for section in plain.values():
        for key in ("drop_mask", "train_only", "freeze_layers", "stop_if"):
            section.pop(key, None)
    if isinstance(plain.get("model", {}).get("batch_norm"), dict):
        plain["model"]["batch_norm"] = True
    runs = [trained(config_of(**sections), digits)[2].rows for sections in (plain, sections)]
    assert [row.train_loss for row in runs[0]] != [row.train_loss for row in runs[1]]


def test_a_hopeless_run_is_stopped(digits: Dataset, tmp_path: Path) -> None:
    config = config_of(optim={"lr": 1e-9}, train={"stop_if": {"epoch": 2, "train_loss_above": 2.0}})
    folder = RunFolder(tmp_path / "a")
    record = train_run(config, folder, digits, Quiet())
    assert (record.status, record.epochs_completed, record.final) == ("stopped", 2, None)
    assert record.failure is None
    assert record.note is not None
    assert record.note.message.startswith("the training loss is 2.3")
    assert record.note.message.endswith("after epoch 2; train.stop_if ends a run above 2")
    assert (record.has_ended, record.has_learned) == (True, False)
    assert [row.epoch for row in read_rows(folder.metrics)] == [1, 2]
    assert train_run(config, folder, digits, Quiet()) == record  # it is not trained again


def test_a_run_above_the_limit_by_less_than_metrics_csv_shows_is_stopped(
    digits: Dataset, tmp_path: Path
) -> None:
    rows = trained(config_of(), digits)[2].rows[:-1]
    row = next(row for row in rows if row.as_written().train_loss < row.train_loss)
    rule = {"epoch": row.epoch, "train_loss_above": row.as_written().train_loss}
    record = train_run(config_of(train={"stop_if": rule}), RunFolder(tmp_path / "a"), digits, Quiet())
    assert (record.status, record.epochs_completed) == ("stopped", row.epoch)


def test_a_run_below_the_limit_goes_on(digits: Dataset) -> None:
    """The limit is the loss itself of that epoch: only what lies above it ends there."""
    rows = trained(config_of(), digits)[2].rows
    config = config_of(train={"stop_if": {"epoch": 2, "train_loss_above": rows[1].train_loss}})
    _, _, recorder, ending = trained(config, digits)
    assert ending == "finished"
    assert len(recorder.rows) == 3


def test_the_stop_rule_is_applied_once(digits: Dataset) -> None:
    row = trained(config_of(train={"epochs": 1}), digits)[2].rows[0]
    config = config_of(train={"stop_if": {"epoch": 2, "train_loss_above": row.train_loss / 2}})
    ended = [is_hopeless(config, replace(row, epoch=epoch)) for epoch in (1, 2, 3)]
    assert ended == [False, True, False]
