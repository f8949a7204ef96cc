"""Dropout of the inputs of a linear model is ridge regression: a gate with a closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regx.claims.gates.in_memory import load_data
from regx.claims.mechanical.small_runs import build, small_config
from regx.claims.results import Gate

if TYPE_CHECKING:
    from torch import Tensor, nn

    from regx.config import RunConfig

__all__ = ["dropout_is_ridge"]

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
