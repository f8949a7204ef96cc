"""M01, M02, M03, M05, M06: what a layer of dropout is and does, in training and at test time.

N examples, C channels, H height, W width; P passes, F features, U units.
"""

import inspect
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from regx.claims.exact.check import Values
from regx.claims.small_runs import reproducible, small_config
from regx.models.dropout import ElementDropout
from regx.training.start import build_network

# M01


def signature(make: Callable[..., nn.Module] = nn.Dropout2d) -> Values:
    """Read the signature of a dropout module, and try which probabilities it takes."""
    parameters = inspect.signature(make).parameters.values()
    module = make()
    return {
        "signature of nn.Dropout2d": ", ".join(f"{one.name}={one.default}" for one in parameters),
        "is a torch.nn.Module": str(isinstance(module, nn.Module)),
        "learned parameters": sum(1 for _ in module.parameters()),
        **{f"p = {drop_prob}": _answer(make, drop_prob) for drop_prob in (0.0, 1.0, -0.1, 1.1)},
    }


def _answer(make: Callable[..., object], drop_prob: float) -> str:
    try:
        make(p=drop_prob)
    except ValueError:
        return "ValueError"
    return "taken"


# M02

SHAPE = (400, 64, 5, 5)
DROP_PROB = 0.3  # not 0.5, where p = 1 - p would hide an error


@reproducible(seed=2)
def zeroed_channels() -> Values:
    """Feed ones to the dropout layers of regx's own network: Dropout2d, and nn.Dropout for comparison."""
    drop_prob = {"input": DROP_PROB, "conv": DROP_PROB}
    network = build_network(small_config(model={"family": "cnn", "drop_prob": drop_prob}))
    elementwise = {"family": "cnn", "drop_prob": drop_prob, "conv_drop": "element"}
    by_element = build_network(small_config(model=elementwise))
    ones_NCHW, images_NCHW = torch.ones(SHAPE), torch.ones(SHAPE[0], 1, 28, 28)
    dropout2d = nn.Dropout2d(DROP_PROB)
    elements_NCHW = (by_element.get_submodule("conv1_drop")(ones_NCHW) == 0).double()
    others: Values = {
        "correlation of neighbouring pixels in a channel, with torch.nn.Dropout": _of_pixels(elements_NCHW),
        f"one-channel images blanked by Dropout2d, of {SHAPE[0]}": _blank(dropout2d(images_NCHW)),
        "the same by regx's input dropout": _blank(network.get_submodule("input_drop")(images_NCHW)),
    }
    return zeros(network.get_submodule("conv1_drop")(ones_NCHW)) | others


def zeros(dropped_NCHW: Tensor) -> Values:
    """Describe what dropout with DROP_PROB made of an input of ones, in training."""
    zeroed_NCHW = (dropped_NCHW == 0).double()
    share_NC = zeroed_NCHW.mean(dim=(2, 3))
    kept = dropped_NCHW[dropped_NCHW != 0].double()
    distance = float((kept - 1 / (1 - DROP_PROB)).abs().max()) if kept.numel() else math.nan
    in_part = int(((share_NC > 0) & (share_NC < 1)).sum())
    return {
        "correlation of neighbouring pixels in a channel": _of_pixels(zeroed_NCHW),
        "share zeroed": float(share_NC.mean()),
        f"channels that are zeroed in part, of {share_NC.numel()}": in_part,
        "kept values: largest distance from 1 / (1 - p)": distance,
        "correlation of neighbouring channels": _correlation(share_NC[:, :-1], share_NC[:, 1:]),
        "correlation of neighbouring examples": _correlation(share_NC[:-1], share_NC[1:]),
    }


def _of_pixels(zeroed_NCHW: Tensor) -> float:
    return _correlation(zeroed_NCHW[..., :-1], zeroed_NCHW[..., 1:])


def _correlation(first: Tensor, second: Tensor) -> float:
    a, b = first - first.mean(), second - second.mean()
    return float((a * b).mean() / (a.square().mean() * b.square().mean()).sqrt())


def _blank(images_NCHW: Tensor) -> int:
    return int((images_NCHW == 0).flatten(1).all(dim=1).sum())


# M03


@reproducible(seed=3)
def in_place(layer: nn.Module | None = None) -> Values:
    """Look at what a dropout layer that was made with inplace=True does to its input."""
    layer = layer or nn.Dropout2d(DROP_PROB, inplace=True)
    memory, in_training = _memory_and_content(layer.train())
    _, at_evaluation = _memory_and_content(layer.eval())
    return {
        "training: memory of the output": memory,
        "training: the input afterwards": in_training,
        "evaluation: the input afterwards": at_evaluation,
        "regx's networks: layers with in-place dropout": _in_place_layers(),
        "in place right after a ReLU: backward": _backward_after_relu(layer.train()),
    }


def _memory_and_content(layer: nn.Module) -> tuple[str, str]:
    """Run a layer, and say where its output lies and what became of its input."""
    x_NCHW = torch.ones(8, 16, 4, 4)
    y_NCHW = layer(x_NCHW)
    memory = "the input's" if y_NCHW.data_ptr() == x_NCHW.data_ptr() else "its own"
    return memory, "unchanged" if torch.equal(x_NCHW, torch.ones_like(x_NCHW)) else "changed"


def _backward_after_relu(layer: nn.Module) -> str:
    x_NCHW = torch.randn(8, 16, 4, 4, requires_grad=True)
    try:
        layer(torch.relu(x_NCHW)).sum().backward()
    except RuntimeError:
        return "RuntimeError"
    return "works"


def _in_place_layers() -> int:
    """Count the in-place dropout layers in an MLP and a CNN with dropout everywhere."""
    drop_prob = {"input": 0.1, "hidden": 0.5}
    networks = [
        build_network(small_config(model={"family": "mlp", "drop_prob": drop_prob})),
        build_network(small_config(model={"family": "cnn", "drop_prob": drop_prob | {"conv": 0.1}})),
    ]
    return sum(bool(getattr(layer, "inplace", False)) for network in networks for layer in network.modules())


# M05

NUM_NODES = 1_000_000


@reproducible(seed=5)
def keep_rate() -> Values:
    """Count the nodes that torch's layer and regx's own keep."""
    layers = {"torch.nn.Dropout": nn.Dropout, "regx's ElementDropout": ElementDropout}
    return {
        f"share present, {name}(p={drop_prob})": share_present(layer(drop_prob))
        for name, layer in layers.items()
        for drop_prob in (0.2, 0.8)  # not 0.5, where the two meanings of p agree
    }


def share_present(layer: nn.Module) -> float:
    """Measure the share of nodes that a dropout layer keeps."""
    return float((layer(torch.ones(NUM_NODES)) != 0).double().mean())


# M06

TEST_DROP_PROB = 0.2
NUM_PASSES = 100_000


@reproducible(seed=6)
def at_test_time() -> Values:
    """Compare training and evaluation of torch's layers and regx's own, and torch's form with the paper's."""
    x_NCHW = torch.randn(8, 4, 5, 5)
    layers = [nn.Dropout(TEST_DROP_PROB), nn.Dropout2d(TEST_DROP_PROB), ElementDropout(TEST_DROP_PROB)]
    in_training, at_test = against_the_paper(ElementDropout(TEST_DROP_PROB), factor=1 - TEST_DROP_PROB)
    return {
        "evaluation: largest change of the input by dropout": max(
            _largest(layer.eval()(x_NCHW) - x_NCHW) for layer in layers
        ),
        "evaluation: regx's network against the same without dropout": _network_difference(),
        f"linear layer: |mean of {NUM_PASSES} training passes - evaluation| in standard errors": max(
            mean_in_standard_errors(layer) for layer in (layers[0], layers[2])
        ),
        "paper's form against torch's in training: largest difference": in_training,
        "paper's form, weights times p at test: largest difference": at_test,
    }


def mean_in_standard_errors(dropout: nn.Module) -> float:
    """Compare the mean training output of dropout and a linear layer with the evaluation output."""
    x_F, weight_FU = torch.randn(20, dtype=torch.double), torch.randn(20, 5, dtype=torch.double)
    outputs_PU = dropout.train()(x_F.repeat(NUM_PASSES, 1)) @ weight_FU
    errors_U = outputs_PU.std(dim=0) / NUM_PASSES**0.5
    return float(((outputs_PU.mean(dim=0) - dropout.eval()(x_F) @ weight_FU) / errors_U).abs().max())


def against_the_paper(dropout: nn.Module, *, factor: float) -> tuple[float, float]:
    """Compare torch's form with the paper's: a mask without scaling in training, scaled weights at test.

    Args:
        dropout: A layer that drops with TEST_DROP_PROB.
        factor: What the paper's form multiplies the weights by at test time.

    Returns:
        The largest differences in training and at test time.
    """
    x_NF, weight_FU = torch.randn(50, 20, dtype=torch.double), torch.randn(20, 5, dtype=torch.double)
    dropped_NF = dropout.train()(x_NF)
    mask_NF = (dropped_NF != 0).double()
    papers_FU = weight_FU / (1 - TEST_DROP_PROB)  # the same function in training needs larger weights
    in_training = (x_NF * mask_NF) @ papers_FU - dropped_NF @ weight_FU
    at_test = x_NF @ (factor * papers_FU) - dropout.eval()(x_NF) @ weight_FU
    return _largest(in_training), _largest(at_test)


def _largest(x: Tensor) -> float:
    return float(x.detach().abs().max())


def _network_difference() -> float:
    """Compare networks from the same initial weights, one with dropout in all places."""
    drop_prob = {"input": 0.2, "conv": 0.1, "hidden": 0.5}
    with_dropout = build_network(small_config(model={"family": "cnn", "drop_prob": drop_prob})).eval()
    without = build_network(small_config(model={"family": "cnn"})).eval()
    images_NCHW = torch.randn(50, 1, 8, 8)
    return _largest(with_dropout(images_NCHW) - without(images_NCHW))
