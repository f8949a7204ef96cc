"""The mechanical claims: their text, their answers, and that every check can give the other answer."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from regx.claims.exact import (
    CheckResult,
    MechanicalClaim,
    all_mechanical,
    m01_signature,
    m02_channels,
    m03_in_place,
    m04_connections,
    m05_keep_rate,
    m06_test_time,
    m07_thinned_networks,
    m08_max_norm,
    m09_epoch,
    m10_batch_norm,
    m11_denormalise,
    m12_scale,
    m13_only_two,
)
from regx.claims.exact.check import at_most, equal, more_than, within
from regx.claims.exact.small_runs import build, reproducible, small_config
from regx.models.dropout import ElementDropout

CLAIMS = {claim.id: claim for claim in all_mechanical()}
LITERALLY_FALSE = {
    "M02": "the literal 'element' is false; true of whole channels",
    "M13": (
        "the literal 'only these two weights' is false; "
        "all weights change, these two among them; whether the two help is C21"
    ),
}
QUOTES = {
    "M01": (
        "Dropout2d is the torch.nn module corresponding to dropout. Its parameters are the dropout "
        "probability 'p' and 'inplace'."
    ),
    "M02": "p is the probability of an element to be zero-ed.",
    "M03": "If inplace is set to True, the dropout operation is done inplace.",
    "M04": (
        "The technique involves temporarily dropping nodes (hidden and input) along with all its incoming"
        " and outgoing connections."
    ),
    "M05": "A node at training time is present with probability p (dropped with probability 1-p).",
    "M06": "At test time, the node is always present and the weights are multiplied by p.",
    "M07": "During training, dropout uses several reduced networks.",
    "M08": (
        "A possible justification is that constraining weight vectors to lie inside a ball of fixed "
        "radius makes it possible to use a huge learning rate without the possibility of weights blowing "
        "up."
    ),
    "M09": (
        "Training over a mini-batch constitutes an iterator and training over all the mini batches "
        "constitutes an epoch."
    ),
    "M10": (
        "It normalizes the output of previous activation layer by subtracting the batch mean and dividing"
        " by the batch standard deviation."
    ),
    "M11": (
        "The gradient descent algorithm does the denormalization if required (to minimize loss function) "
        "by changing only these two weights for each activation, instead of losing the stability of the "
        "network by changing all the weights."
    ),
    "M12": (
        "Batch normalization reduces the dependence of gradients on the scale of the parameters or on "
        "their initial values (reduces internal covariate shift) by fixing the means and variances of "
        "layer inputs."
    ),
    "M13": (
        "The gradient descent algorithm does the denormalization if required (to minimize loss function) "
        "by changing only these two weights for each activation, instead of losing the stability of the "
        "network by changing all the weights."
    ),
}


@pytest.fixture(scope="module")
def results() -> dict[str, CheckResult]:
    """Every check, run once."""
    return {name: claim.check() for name, claim in CLAIMS.items()}


@pytest.fixture(autouse=True)
def seed() -> Iterator[None]:
    with reproducible(seed=0):
        yield


def failed(result: CheckResult) -> list[str]:
    return [row.name for row in result.measured if not row.holds]


def value(result: CheckResult, name: str) -> float | str:
    return next(row.value for row in result.measured if row.name == name)


# The registry


def test_all_are_there_with_their_exact_quotations() -> None:
    assert list(CLAIMS) == list(QUOTES)
    assert {name: claim.quote for name, claim in CLAIMS.items()} == QUOTES


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=list(CLAIMS))
def test_every_claim_is_told_in_full(claim: MechanicalClaim) -> None:
    assert claim.says.endswith(".")
    assert "section" in claim.source
    assert claim.passes_if
    assert claim.notes


def test_listing_them_needs_no_torch() -> None:
    code = (
        "import sys; from regx.claims.exact import all_mechanical; "
        "sys.exit(len(all_mechanical()) != 13 or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The answers


@pytest.mark.parametrize("name", CLAIMS)
def test_verdicts(name: str, results: dict[str, CheckResult]) -> None:
    result = results[name]
    assert result.verdict == ("contradicted" if name in LITERALLY_FALSE else "supported"), failed(result)
    assert len(result.measured) >= 3


@pytest.mark.parametrize(("name", "reading"), LITERALLY_FALSE.items())
def test_literal_readings_that_are_false(name: str, reading: str, results: dict[str, CheckResult]) -> None:
    assert results[name].reading == reading


def test_only_the_letter_of_the_two_fails(results: dict[str, CheckResult]) -> None:
    assert failed(results["M02"]) == ["correlation of neighbouring pixels in a channel"]
    assert failed(results["M13"]) == [
        "one step: relative change of all other weights",
        "whole run: relative change of all other weights",
    ]


@pytest.mark.parametrize("name", CLAIMS)
def test_a_check_answers_the_same_every_time(name: str, results: dict[str, CheckResult]) -> None:
    torch.manual_seed(99)
    assert CLAIMS[name].check() == results[name]


def test_a_check_leaves_torch_as_it_was() -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    CLAIMS["M05"].check()
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


# Every check can fail


def test_a_criterion_refuses_nan() -> None:
    nan = float("nan")
    rows = [at_most("", nan, 1.0), more_than("", nan, 0.0), within("", nan, 0.0, 1.0), equal("", nan, 0.0)]
    assert not any(row.holds for row in rows)


def test_m01_refuses_another_signature() -> None:
    class WithDim(nn.Dropout2d):
        def __init__(self, p: float = 0.5, inplace: bool = False, dim: int = 1) -> None:
            super().__init__(p, inplace)
            self.dim = dim

    assert failed(m01_signature.judge(WithDim)) == ["signature of nn.Dropout2d"]


def test_m01_refuses_probabilities_that_are_none() -> None:
    class Unchecked(nn.Module):
        def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
            super().__init__()
            self.p, self.inplace = p, inplace

    assert failed(m01_signature.judge(Unchecked)) == ["p = -0.1", "p = 1.1"]


def test_m02_supports_the_letter_where_single_elements_are_dropped() -> None:
    result = m02_channels.judge(nn.Dropout(0.3)(torch.ones(m02_channels.SHAPE)))
    assert (result.verdict, result.reading) == ("supported", "the literal 'element' is true")


def test_m02_notices_another_probability() -> None:
    result = m02_channels.judge(nn.Dropout2d(0.7)(torch.ones(m02_channels.SHAPE)))
    assert result.reading == "the literal 'element' is false; nor does this hold: true of whole channels"


def test_m02_notices_masks_shared_by_examples() -> None:
    one_mask = nn.Dropout2d(0.3)(torch.ones(1, *m02_channels.SHAPE[1:]))
    result = m02_channels.judge(one_mask.expand(m02_channels.SHAPE))
    assert "correlation of neighbouring examples" in failed(result)


def test_m02_a_one_channel_image_is_blanked_by_dropout2d_only(results: dict[str, CheckResult]) -> None:
    blanked = value(results["M02"], "one-channel images blanked by Dropout2d, of 400")
    # 5 standard deviations of a binomial count
    assert float(blanked) == pytest.approx(400 * 0.3, abs=5 * (400 * 0.3 * 0.7) ** 0.5)
    assert value(results["M02"], "the same by regx's input dropout") == 0


def test_m03_notices_a_copy() -> None:
    assert failed(m03_in_place.judge(nn.Dropout2d(0.3))) == [
        "training: memory of the output",
        "training: the input afterwards",
    ]


def test_in_place_dropout_after_relu_breaks_backward() -> None:
    x = torch.randn(5, 3, requires_grad=True)
    loss = nn.Dropout(0.5, inplace=True)(torch.relu(x)).sum()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_regx_never_drops_in_place(results: dict[str, CheckResult]) -> None:
    assert value(results["M03"], "in place right after a ReLU: backward") == "RuntimeError"
    assert value(results["M03"], "regx's networks: layers with in-place dropout") == 0
    layer = ElementDropout(0.5)
    x = torch.ones(100)
    assert layer(x).data_ptr() != x.data_ptr()
    assert torch.equal(x, torch.ones(100))


def two_passes() -> tuple[m04_connections.Pass, m04_connections.Pass]:
    model = {"family": "mlp", "activation": "sigmoid", "drop_prob": {"input": 0.2, "hidden": 0.5}}
    network, images = build(small_config(model=model)), torch.randn(8, 1, 8, 8)
    return m04_connections.measure(network, images), m04_connections.measure(network, images)


def test_m04_notices_the_mask_of_another_example() -> None:
    first, second = two_passes()
    nodes = first.hidden_outgoing
    wrong = replace(first, hidden_outgoing=replace(nodes, present=nodes.present.roll(1, dims=0)))
    assert m04_connections.judge(first, second, lost_weights=0).verdict == "supported"
    assert failed(m04_connections.judge(wrong, second, lost_weights=0)) == [
        "outgoing weights of a hidden node: largest gradient where the node is dropped",
        "outgoing weights of a hidden node: smallest gradient where it is present",
    ]


def test_m04_notices_masks_and_removals_that_stay() -> None:
    first, _ = two_passes()
    assert failed(m04_connections.judge(first, first, lost_weights=1)) == [
        "examples with the same mask in the next pass",
        "weights changed or removed by the passes",
    ]


def test_m05_notices_the_other_meaning_of_p() -> None:
    kept_with_prob_p = nn.Dropout(1 - 0.2)
    share = m05_keep_rate.share_present(kept_with_prob_p)
    assert m05_keep_rate.judge({("swapped", 0.2): share}).verdict == "contradicted"


def test_m06_notices_dropout_without_scaling() -> None:
    class Unscaled(ElementDropout):
        def forward(self, input: Tensor) -> Tensor:
            return super().forward(input) * (1 - self.p) if self.training else input

    assert m06_test_time.mean_in_standard_errors(Unscaled(m06_test_time.DROP_PROB)) > 50


def test_m06_notices_test_weights_that_are_not_scaled() -> None:
    in_training, at_test = m06_test_time.against_the_paper(
        ElementDropout(m06_test_time.DROP_PROB), factor=1.0
    )
    assert in_training < 1e-12
    assert at_test > 0.1
    measured = m06_test_time.AtTestTime(
        identity=0.0, network=0.0, mean=1.0, paper_training=in_training, paper_test=at_test
    )
    assert failed(m06_test_time.judge(measured)) == [
        "paper's form, weights times p at test: largest difference"
    ]


def test_m07_notices_one_mask_per_batch() -> None:
    masks = (torch.rand(20, 64) < 0.5).repeat_interleave(50, dim=0)
    assert failed(m07_thinned_networks.judge(masks)) == ["distinct networks among them"]


def test_m08_notices_training_without_max_norm() -> None:
    free = m08_max_norm.measure("MLP, lr 100", lr=100.0, max_norm=None)
    result = m08_max_norm.judge([free], moved=0, without=free)
    assert failed(result) == ["MLP, lr 100: largest norm after any step"]


def test_m08_notices_a_wider_ball_and_moved_units() -> None:
    wide = m08_max_norm.measure("CNN, lr 10", lr=10.0, max_norm=1.001 * m08_max_norm.RADIUS)
    result = m08_max_norm.judge([wide], moved=3, without=wide)
    assert failed(result) == [
        "CNN, lr 10: largest norm after any step",
        "numbers changed in units inside the ball",
    ]


def test_m08_a_run_that_was_never_finite_supports_nothing() -> None:
    never = m08_max_norm.Norms(run="broken", largest=float("nan"), bias=float("nan"), steps=0)
    assert len(failed(m08_max_norm.judge([never], moved=0, without=never))) == 2


@pytest.mark.parametrize(
    ("last_batch", "wrong"),
    [
        ([*range(250, 299), 0], ["largest count of an image", "images left out"]),
        (None, ["iterations per epoch", "images left out"]),
    ],
    ids=["an image twice", "a batch missing"],
)
def test_m09_notices_wrong_epochs(last_batch: list[int] | None, wrong: list[str]) -> None:
    epoch = [list(range(start, start + 50)) for start in range(0, 250, 50)]
    epochs = m09_epoch.Epochs(
        by="loop", batch_size=50, drop_last=True, batches=[[*epoch, last_batch] if last_batch else epoch] * 3
    )
    assert [name.rpartition(": ")[2] for name in failed(m09_epoch.judge([epochs]))] == wrong


def test_m10_notices_the_unbiased_variance() -> None:
    class Unbiased(nn.BatchNorm1d):
        def forward(self, input: Tensor) -> Tensor:
            shrink = ((len(input) - 1) / len(input)) ** 0.5 if self.training else 1.0
            return (super().forward(input) - self.bias) * shrink + self.bias

    agreement = m10_batch_norm.measure("dense", Unbiased(6), torch.randn(8, 6))
    assert failed(m10_batch_norm.judge([agreement], before="")) == [
        "dense: training, distance from the formula",
        "dense: mean 0 and variance 1, largest distance",
    ]


def test_m10_regx_normalises_before_the_activation(results: dict[str, CheckResult]) -> None:
    assert value(results["M10"], "regx's networks normalise the output of") == "Conv2d and Linear"


def test_m11_notices_the_wrong_variance() -> None:
    undoing = m11_denormalise.measure("dense", "unit", nn.BatchNorm1d(6), torch.randn(8, 6), correction=1)
    assert failed(m11_denormalise.judge([undoing])) == ["dense: undone, largest |output - input|"]


def test_m11_counts_two_per_feature_map(results: dict[str, CheckResult]) -> None:
    assert value(results["M11"], "convolution: learned numbers for 16 feature maps") == 32
    assert value(results["M11"], "convolution: activations per example") == 16 * 8 * 8


def test_m12_notices_a_network_without_batch_norm() -> None:
    _, plain = m12_scale.networks()
    hidden = ("hidden1", "hidden2")
    passes = {scale: m12_scale.measure(plain, hidden, scale) for scale in m12_scale.SCALES}
    in_all = {scale: m12_scale.measure(plain, (*hidden, "output"), scale) for scale in m12_scale.SCALES}
    assert m12_scale.slope(passes, 0) == pytest.approx(1.0)  # two layers scaled
    assert len(failed(m12_scale.judge(passes, in_all))) == 7


def test_m12_measuring_puts_the_weights_back() -> None:
    normed, _ = m12_scale.networks()
    before = normed.get_parameter("hidden1.weight").detach().clone()
    m12_scale.measure(normed, ("hidden1",), 100.0)
    assert torch.equal(normed.get_parameter("hidden1.weight"), before)


def test_m13_supports_the_letter_where_only_gamma_and_beta_changed() -> None:
    before = {
        "conv1.weight": torch.ones(4),
        "conv1_norm.weight": torch.ones(2),
        "conv1_norm.bias": torch.ones(2),
    }
    after = before | {"conv1_norm.weight": torch.zeros(2), "conv1_norm.bias": torch.zeros(2)}
    change = m13_only_two.measure(before, after)
    assert change == m13_only_two.Change(weights=0.0, gamma_beta=1.0, unchanged=1)
    assert m13_only_two.judge(change, change).reading == "the literal 'only these two weights' is true"
    nothing = m13_only_two.measure(before, before)
    assert m13_only_two.judge(nothing, nothing).verdict == "contradicted"
