"""Gates on the embedded digits and one with a closed form: seconds, and no data to fetch."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING, Any

from regx.claims.exact.small_runs import build, small_config
from regx.claims.gates.in_memory import load_data, timeless, train_in_memory, whole_run, with_labels_shuffled
from regx.claims.results import Gate

if TYPE_CHECKING:
    from torch import Tensor, nn

    from regx.config import RunConfig

__all__ = [
    "ON_MNIST",
    "dropout_is_ridge",
    "dropout_of_nothing",
    "loss_at_init",
    "no_rate_no_change",
    "one_batch_is_learned",
    "random_labels",
    "random_labels_of_mnist",
    "same_seed_same_run",
]

_MLP: dict[str, Any] = {"family": "mlp", "hidden_sizes": [64]}


def loss_at_init() -> Gate:
    """A network that knows nothing yet gives every class its share: the loss is near ln 10."""
    from regx.training.evaluate import evaluate

    config = small_config(model=_MLP | {"init": {"gain": 0.1}})
    loss, _ = evaluate(build(config), load_data(config).valid)
    return Gate(
        name="loss at the start",
        holds=abs(loss - math.log(10)) < 0.05,
        measured=f"{loss:.4f} nats with small weights; ln 10 = {math.log(10):.4f} within 0.05",
    )


def no_rate_no_change() -> Gate:
    """A learning rate of nearly 0 leaves every weight as it is, bit for bit; biases begin at 0, and move."""
    import torch

    config = small_config(model=_MLP, optim={"lr": 1e-30, "momentum": 0.9}, train={"epochs": 2})
    network, before = build(config), build(config)
    train_in_memory(config, network)
    same = all(
        torch.equal(one, other)
        for one, other in zip(network.parameters(), before.parameters(), strict=True)
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
    rows = train_in_memory(config, build(config))
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
    first, second = whole_run(config), whole_run(config)
    other = whole_run(config.model_copy(update={"seed": 1}))
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
    first, second = (
        [timeless(row) for row in train_in_memory(config, build(config))] for config in (plain, tiny)
    )
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
    import torch

    config = small_config(
        model={"family": "mlp", "hidden_sizes": [], "drop_prob": {"input": DROP_PROB}},
        data={"preprocess": "pca_whiten"},
        optim={"lr": 0.01, "momentum": MOMENTUM},
    )
    images_NCHW, labels_N = load_data(config).train.batch(slice(None))
    targets_NK = torch.nn.functional.one_hot(labels_N).float()
    inputs_NF = torch.cat([images_NCHW.flatten(1), torch.ones(len(labels_N), 1)], dim=1).double()
    ridge_FK = _closed_form(inputs_NF, targets_NK.double(), DROP_PROB / (1 - DROP_PROB))
    plain_FK = _closed_form(inputs_NF, targets_NK.double(), 0.0)
    found_FK = _trained(config, build(config), images_NCHW, targets_NK)

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
    import torch

    gram_FF = inputs_NF.T @ inputs_NF
    penalty_F = strength * gram_FF.diagonal().clone()
    penalty_F[-1] = 0.0
    # Pixels that are always blank have no weight to speak of: the smallest solution, by singular values.
    solved = torch.linalg.lstsq(gram_FF + penalty_F.diag(), inputs_NF.T @ targets_NK, driver="gelsd")
    found: Tensor = solved.solution
    return found


def _trained(config: RunConfig, network: nn.Sequential, images_NCHW: Tensor, targets_NK: Tensor) -> Tensor:
    """Train on all images at once, and average the weights once they have settled."""
    import torch

    from regx.training.optim import Sgd

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


ON_MNIST = "random labels of MNIST"
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
    """Train under shuffled labels; test error and training error."""
    from regx.training.evaluate import evaluate

    data = with_labels_shuffled(load_data(config), shuffle)
    network = build(config)
    rows = train_in_memory(config, network, data)
    _, test_error = evaluate(network, data.test)
    return test_error, rows[-1].train_error
