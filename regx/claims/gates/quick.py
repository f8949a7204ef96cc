"""Quick gates: on the embedded digits, one with a closed form, and one on MNIST where that is here."""

import math
from collections.abc import Callable, Collection
from dataclasses import replace
from statistics import fmean
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from regx.claims.gates.reference import ON_MNIST
from regx.claims.results import Gate
from regx.claims.small_runs import load_data, reproducible, small_config
from regx.config import RunConfig
from regx.data.images import Images, RunData
from regx.data.load import load_dataset
from regx.runs.files import scratch_folder
from regx.runs.folder import RunFolder
from regx.runs.metrics import EpochMetrics
from regx.training.evaluate import evaluate
from regx.training.loop import TrainState, train
from regx.training.observer import Rows
from regx.training.optim import Sgd
from regx.training.run import train_run
from regx.training.seeding import generator
from regx.training.start import build_network, start

__all__ = ["check_gates", "dropout_is_ridge", "random_labels_of_mnist"]


def check_gates(data: Collection[str] = ()) -> tuple[Gate, ...]:
    """Try every quick gate.

    Args:
        data: Data sets that are here; of those on other data none is tried.

    Returns:
        What each of them measured, and whether it holds.
    """
    on_real_data = (gate for name, gates in ON_REAL_DATA.items() if name in data for gate in gates)
    found = []
    for gate in (*GATES, *on_real_data):
        with reproducible(seed=0):
            found.append(gate())
    return tuple(found)


_MLP: dict[str, Any] = {"family": "mlp", "hidden_sizes": [64]}


def loss_at_init() -> Gate:
    """A network that knows nothing yet gives every class its share: the loss is near ln 10."""
    config = small_config(model=_MLP | {"init": {"gain": 0.1}})
    valid = load_data(config).valid
    loss, _ = evaluate(build_network(config), Images(valid.pixels[:50], valid.labels[:50]))
    return Gate(
        name="loss at the start",
        holds=abs(loss - math.log(10)) < 0.05,
        measured=f"{loss:.4f} nats with small weights; ln 10 = {math.log(10):.4f} within 0.05",
    )


def no_rate_no_change() -> Gate:
    """A learning rate of nearly 0 leaves every weight as it is, bit for bit; biases begin at 0, and move."""
    config = small_config(model=_MLP, optim={"lr": 1e-30, "momentum": 0.9}, train={"epochs": 2})
    before, (state, _) = build_network(config), _train(config, load_data(config))
    same = all(
        torch.equal(one, other)
        for one, other in zip(state.network.parameters(), before.parameters(), strict=True)
        if one.ndim > 1
    )
    return Gate(
        name="learning rate 0",
        holds=same,
        measured=f"weights {'are the same' if same else 'changed'} after 2 epochs; must not change",
    )


def one_batch_is_learned() -> Gate:
    """A network learns a single batch of 100 images by heart in 200 steps."""
    config = small_config(
        model=_MLP, data={"train_size": 100}, train={"epochs": 200, "batch_size": 100}, optim={"lr": 0.3}
    )
    _, rows = _train(config, load_data(config))
    error = rows[-1].train_error
    return Gate(
        name="one batch by heart",
        holds=error == 0,
        measured=f"training error {error:.1%} after 200 steps; 0 %",
    )


def same_seed_same_run() -> Gate:
    """Two runs of one config and seed are the same numbers, dropout and all; two seeds give others."""
    config = small_config(
        model=_MLP | {"drop_prob": {"hidden": 0.5}, "batch_norm": True}, train={"epochs": 2, "batch_size": 50}
    )
    first, second = _whole_run(config), _whole_run(config)
    other = _whole_run(config.model_copy(update={"seed": 1}))
    return Gate(
        name="same seed twice",
        holds=first == second and first != other,
        measured=(
            f"metrics of two runs are {'the same' if first == second else 'different'}, of another seed "
            f"{'the same' if first == other else 'different'}; the same, different"
        ),
    )


def dropout_of_nothing() -> Gate:
    """Dropout with a probability so small that it never strikes changes nothing but what is drawn for it."""
    plain = small_config(model=_MLP, train={"epochs": 2, "batch_size": 50})
    tiny = small_config(model=_MLP | {"drop_prob": {"hidden": 1e-12}}, train={"epochs": 2, "batch_size": 50})
    first, second = (_timeless(_train(config, load_data(config))[1]) for config in (plain, tiny))
    return Gate(
        name="dropout of nothing",
        holds=first == second,
        measured=f"metrics with and without are {'the same' if first == second else 'different'}; the same",
    )


DROP_PROB = 0.3  # not 0.5, where p = 1 - p would hide a mistake
STEPS, MOMENTUM, SETTLED = 1000, 0.9, 250  # weights are averaged over the steps after the first 250
MOST = 0.02


def dropout_is_ridge() -> Gate:
    """A linear model trained under dropout, by SGD on a squared loss, ends where the closed form says.

    Source:
        Srivastava et al. 2014, JMLR 15, section 9.1, here with masks scaled by 1 / (1 - p): ridge regression
        with the penalty p / (1 - p) * sum over inputs of ||x_j||^2 w_j^2.
    """
    config = small_config(
        model={"family": "mlp", "hidden_sizes": [], "drop_prob": {"input": DROP_PROB}},
        data={"preprocess": "pca_whiten"},
        optim={"lr": 0.01, "momentum": MOMENTUM},
    )
    images_NCHW, labels_N = load_data(config).train.batch(slice(None))
    targets_NK = functional.one_hot(labels_N).float()
    inputs_NF = torch.cat([images_NCHW.flatten(1), torch.ones(len(labels_N), 1)], dim=1).double()
    ridge_FK = _closed_form(inputs_NF, targets_NK.double(), DROP_PROB / (1 - DROP_PROB))
    plain_FK = _closed_form(inputs_NF, targets_NK.double(), 0.0)
    found_FK = _trained_by_square(config, images_NCHW, targets_NK)

    def apart(weights_FK: Tensor) -> float:
        expected_NK = inputs_NF @ ridge_FK
        return float((inputs_NF @ weights_FK - expected_NK).norm() / expected_NK.norm())

    return Gate(
        name="dropout is ridge",
        holds=apart(found_FK) <= MOST,
        measured=(
            f"predictions {apart(found_FK):.1%} from those of ridge regression (without the penalty: "
            f"{apart(plain_FK):.0%}); at most {MOST:.0%}"
        ),
        source="Srivastava et al. 2014, section 9.1",
    )


def _closed_form(inputs_NF: Tensor, targets_NK: Tensor, strength: float) -> Tensor:
    """Solve for the weights; the last input is the constant, which is neither dropped nor penalised."""
    gram_FF = inputs_NF.T @ inputs_NF
    penalty_F = strength * gram_FF.diagonal().clone()
    penalty_F[-1] = 0.0
    # Pixels that are always blank have no weight to speak of: the smallest solution, by singular values.
    solved = torch.linalg.lstsq(gram_FF + penalty_F.diag(), inputs_NF.T @ targets_NK, driver="gelsd")
    found: Tensor = solved.solution
    return found


def _trained_by_square(config: RunConfig, images_NCHW: Tensor, targets_NK: Tensor) -> Tensor:
    """Train on all images at once, and average the weights once they have settled."""
    network = build_network(config)
    optimizer, output = Sgd(network, config.optim), network.get_submodule("output")
    network.train()
    weights = []
    for step in range(STEPS):
        loss = (network(images_NCHW) - targets_NK).square().sum(dim=1).mean() / 2
        loss.backward()
        optimizer.step(lr=config.optim.lr, momentum=MOMENTUM)
        if step >= SETTLED:
            weight_KF, bias_K = (output.get_parameter(name).detach() for name in ("weight", "bias"))
            weights.append(torch.cat([weight_KF, bias_K[:, None]], dim=1).double())
    return torch.stack(weights).mean(dim=0).T


NUM_SHUFFLES = 4  # the test error under one shuffle has a standard deviation of a percentage point


def random_labels() -> Gate:
    """The digits: learned by heart, and at chance on other images."""
    config = small_config(
        model={"family": "mlp", "hidden_sizes": [256]},
        data={"train_size": 200},
        train={"epochs": 150, "batch_size": 20},
    )
    test_error, train_error = _errors(config, 0)
    return Gate(
        name="random labels",
        holds=0.85 <= test_error <= 0.95 and train_error < 0.05,
        measured=f"test error {test_error:.1%}, training error {train_error:.1%}; 85 to 95 %, below 5 %",
    )


def random_labels_of_mnist() -> Gate:
    """MNIST, with 10,000 test images: at chance within two percentage points."""
    config = small_config(
        model={"family": "mlp", "hidden_sizes": [256]},
        data={"name": "mnist", "train_size": 2000},
        train={"epochs": 20, "eval_every": 20},
    )
    error = fmean(_errors(config, shuffle)[0] for shuffle in range(NUM_SHUFFLES))
    return Gate(
        name=ON_MNIST,
        holds=0.88 <= error <= 0.92,
        measured=f"test error {error:.1%} on average over {NUM_SHUFFLES} shuffles; 88 to 92 %",
    )


def _errors(config: RunConfig, shuffle: int) -> tuple[float, float]:
    """Give the training images one another's labels, and train; test error and training error."""
    data = load_data(config)
    order = torch.randperm(len(data.train), generator=generator(shuffle, "gates/labels"))
    shuffled = replace(data.train, labels=data.train.labels[order])
    state, rows = _train(config, replace(data, train=shuffled, train_slice=shuffled))
    _, test_error = evaluate(state.network, data.test)
    return test_error, rows[-1].train_error


def _train(config: RunConfig, data: RunData) -> tuple[TrainState, list[EpochMetrics]]:
    """Train in memory; return the trained state and the metrics of each epoch."""
    state, observer = start(config, data), Rows()
    train(config, data, state, observer)
    return state, observer.rows


def _whole_run(config: RunConfig) -> list[EpochMetrics]:
    """Train as `regx train` does, in a folder that is thrown away; times are left out."""
    observer = Rows()
    with scratch_folder() as folder:
        dataset = load_dataset(config.data.name, offline=True)
        train_run(config, RunFolder(folder / "run"), dataset, observer)
    return _timeless(observer.rows)


def _timeless(rows: list[EpochMetrics]) -> list[EpochMetrics]:
    """Leave out what differs from one run to the next."""
    return [replace(row, train_seconds=0.0, eval_seconds=0.0) for row in rows]


GATES: tuple[Callable[[], Gate], ...] = (
    loss_at_init,
    no_rate_no_change,
    one_batch_is_learned,
    same_seed_same_run,
    dropout_of_nothing,
    dropout_is_ridge,
    random_labels,
)
ON_REAL_DATA: dict[str, tuple[Callable[[], Gate], ...]] = {"mnist": (random_labels_of_mnist,)}
