"""M02: what Dropout2d zeroes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from regx.claims.exact.check import (
    CheckResult,
    Measured,
    MechanicalClaim,
    at_most,
    conclude_literally,
    equal,
    noted,
    within,
)
from regx.claims.exact.small_runs import build, reproducible, small_config
from regx.claims.sentences import loose_points

if TYPE_CHECKING:
    from torch import Tensor


# N examples, C channels, H height, W width
SHAPE = (400, 64, 5, 5)
DROP_PROB = 0.3  # not 0.5, where p = 1 - p would hide an error


def judge(dropped_NCHW: Tensor, *, others: tuple[Measured, ...] = ()) -> CheckResult:
    """Judge what dropout with DROP_PROB made of an input of ones.

    Args:
        dropped_NCHW: The output in train mode.
        others: Further rows for the sensible reading.
    """
    zeroed_NCHW = (dropped_NCHW == 0).double()
    kept = dropped_NCHW[dropped_NCHW != 0]
    share_NC = zeroed_NCHW.mean(dim=(2, 3))
    mixed = int(((share_NC > 0) & (share_NC < 1)).sum())
    spread = 5 * math.sqrt(DROP_PROB * (1 - DROP_PROB) / share_NC.numel())
    share = within("share zeroed", float(share_NC.mean()), DROP_PROB, spread)
    sensible = (
        equal(f"channels that are zeroed in part, of {share_NC.numel()}", mixed, 0),
        share,
        at_most("kept values: largest distance from 1 / (1 - p)", _distance(kept), 1e-6),
        _correlation("correlation of neighbouring channels", share_NC[:, :-1], share_NC[:, 1:]),
        _correlation("correlation of neighbouring examples", share_NC[:-1], share_NC[1:]),
        *others,
    )
    return conclude_literally(
        words="element",
        literal=(_pixels(zeroed_NCHW), share),
        sensible=sensible,
        meaning="true of whole channels",
    )


def _distance(kept: Tensor) -> float:
    return float((kept.double() - 1 / (1 - DROP_PROB)).abs().max()) if kept.numel() else math.nan


def _pixels(zeroed_NCHW: Tensor, layer: str = "") -> Measured:
    name = f"correlation of neighbouring pixels in a channel{layer}"
    return _correlation(name, zeroed_NCHW[..., :-1], zeroed_NCHW[..., 1:])


def _correlation(name: str, first: Tensor, second: Tensor) -> Measured:
    """Correlate zeros with zeros; of independent ones the estimate has a standard error of 1 / sqrt(n)."""
    a, b = first - first.mean(), second - second.mean()
    correlation = float((a * b).mean() / (a.square().mean() * b.square().mean()).sqrt())
    return within(name, correlation, 0.0, 5 / math.sqrt(first.numel()))


@reproducible(seed=2)
def check() -> CheckResult:
    """Feed ones to the dropout layers of regx's own network: Dropout2d, and nn.Dropout for comparison."""
    import torch

    drop_prob = {"input": DROP_PROB, "conv": DROP_PROB}
    network = build(small_config(model={"family": "cnn", "drop_prob": drop_prob}))
    by_element = build(small_config(model={"family": "cnn", "drop_prob": drop_prob, "conv_drop": "element"}))
    ones_NCHW = torch.ones(SHAPE)
    images_NCHW = torch.ones(SHAPE[0], 1, 28, 28)
    elements_NCHW = (by_element.get_submodule("conv1_drop")(ones_NCHW) == 0).double()
    others = (
        _pixels(elements_NCHW, ", with torch.nn.Dropout"),
        noted(
            f"one-channel images blanked by Dropout2d, of {SHAPE[0]}",
            _blank(torch.nn.Dropout2d(DROP_PROB)(images_NCHW)),
        ),
        noted("the same by regx's input dropout", _blank(network.get_submodule("input_drop")(images_NCHW))),
    )
    return judge(network.get_submodule("conv1_drop")(ones_NCHW), others=others)


def _blank(images_NCHW: Tensor) -> int:
    return int((images_NCHW == 0).flatten(1).all(dim=1).sum())


CLAIM = MechanicalClaim(
    id="M02",
    says="Dropout2d zeroes elements with probability p.",
    quote="p is the probability of an element to be zero-ed.",
    source="PyTorch documentation, torch.nn.Dropout2d, section Parameters; Tompson et al. 2015, section 3.2",
    passes_if=(
        "as written: neighbouring pixels are zeroed independently; as meant: each channel is zeroed whole or "
        "kept whole, with probability p, independently (5 standard deviations)"
    ),
    notes=(
        *loose_points("M02"),
        "Trap: Dropout2d on a one-channel image blanks the whole image with probability p. regx drops pixels "
        "of the input with Dropout.",
        "Trap: a three-dimensional input (C, H, W) is taken as (N, C, L): Dropout1d.",
    ),
    check=check,
)
