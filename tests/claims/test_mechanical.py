"""The mechanical claims: their text, their answers, and that every check can give the other answer."""

import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest
import torch
from torch import Tensor, nn

from regx.claims.exact import (
    CheckResult,
    MechanicalClaim,
    all_mechanical,
    batch_norm,
    dropout_layer,
    epochs,
    max_norm,
    thinned_networks,
)
from regx.claims.exact.check import Values, holds
from regx.claims.small_runs import reproducible, small_config
from regx.models.dropout import ElementDropout
from regx.training.start import build_network

CLAIMS = {claim.id: claim for claim in all_mechanical()}
LITERALLY_FALSE = {
    "M02": "the literal 'element' is false; true of whole channels",
    "M13": (
        "the literal 'only these two weights' is false; "
        "all weights change, these two among them; whether the two help is C21"
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


def judge(name: str, values: Values) -> CheckResult:
    return CLAIMS[name].judge(values)


def failed(result: CheckResult) -> list[str]:
    return [row.name for row in result.measured if not row.holds]


def value(result: CheckResult, name: str) -> float | str:
    return next(row.value for row in result.measured if row.name == name)


# The registry


def test_all_are_there() -> None:
    assert list(CLAIMS) == [f"M{number:02}" for number in range(1, 14)]


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


@pytest.mark.parametrize(
    ("criterion", "yes", "no"),
    [
        ("at most 1e-05", 1e-5, 1.1e-5),
        ("more than 0", 1e-30, 0),
        ("-1 ± 1e-06", -1.0000005, -1.00001),
        ("exactly 44", 44.0, 43),
        ("exactly 1", 1, "1, 2, 1"),  # not the same in every epoch
    ],
)
def test_a_criterion_holds_for_what_it_says_and_never_for_nan(
    criterion: str, yes: float, no: float | str
) -> None:
    assert holds(yes, criterion)
    assert not holds(no, criterion)
    assert not holds(math.nan, criterion)


def test_words_have_to_be_the_same_words() -> None:
    assert holds("its own", "exactly its own")
    assert not holds("its own", "exactly the input's")


def test_every_criterion_is_of_something_that_is_measured(results: dict[str, CheckResult]) -> None:
    for name, claim in CLAIMS.items():
        measured = [row.name for row in results[name].measured]
        for key in (*claim.criteria, *claim.criteria_of_meaning):
            assert any(fnmatchcase(row, key) for row in measured), (name, key)


def test_a_value_without_a_criterion_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="M03 has no criterion for 'colour'"):
        judge("M03", {"colour": "red"})


def test_m01_refuses_another_signature() -> None:
    class WithDim(nn.Dropout2d):
        def __init__(self, p: float = 0.5, inplace: bool = False, dim: int = 1) -> None:
            super().__init__(p, inplace)
            self.dim = dim

    assert failed(judge("M01", dropout_layer.signature(WithDim))) == ["signature of nn.Dropout2d"]


def test_m01_refuses_probabilities_that_are_none() -> None:
    class Unchecked(nn.Module):
        def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
            super().__init__()
            self.p, self.inplace = p, inplace

    assert failed(judge("M01", dropout_layer.signature(Unchecked))) == ["p = -0.1", "p = 1.1"]


def test_m02_supports_the_letter_where_single_elements_are_dropped() -> None:
    result = judge("M02", dropout_layer.zeros(nn.Dropout(0.3)(torch.ones(dropout_layer.SHAPE))))
    assert (result.verdict, result.reading) == ("supported", "the literal 'element' is true")


def test_m02_notices_another_probability() -> None:
    result = judge("M02", dropout_layer.zeros(nn.Dropout2d(0.7)(torch.ones(dropout_layer.SHAPE))))
    assert result.reading == "the literal 'element' is false; nor does this hold: true of whole channels"


def test_m02_notices_masks_shared_by_examples() -> None:
    one_mask = nn.Dropout2d(0.3)(torch.ones(1, *dropout_layer.SHAPE[1:]))
    result = judge("M02", dropout_layer.zeros(one_mask.expand(dropout_layer.SHAPE)))
    assert "correlation of neighbouring examples" in failed(result)


def test_m02_a_one_channel_image_is_blanked_by_dropout2d_only(results: dict[str, CheckResult]) -> None:
    blanked = value(results["M02"], "one-channel images blanked by Dropout2d, of 400")
    # 5 standard deviations of a binomial count
    assert float(blanked) == pytest.approx(400 * 0.3, abs=5 * (400 * 0.3 * 0.7) ** 0.5)
    assert value(results["M02"], "the same by regx's input dropout") == 0


def test_m03_notices_a_copy() -> None:
    assert failed(judge("M03", dropout_layer.in_place(nn.Dropout2d(0.3)))) == [
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


def two_passes() -> tuple[thinned_networks.Pass, thinned_networks.Pass]:
    model = {"family": "mlp", "activation": "sigmoid", "drop_prob": {"input": 0.2, "hidden": 0.5}}
    network, images = build_network(small_config(model=model)), torch.randn(8, 1, 8, 8)
    return thinned_networks.pass_batch(network, images), thinned_networks.pass_batch(network, images)


def test_m04_notices_the_mask_of_another_example() -> None:
    first, second = two_passes()
    nodes = first.hidden_outgoing
    wrong = replace(first, hidden_outgoing=replace(nodes, present=nodes.present.roll(1, dims=0)))
    assert judge("M04", thinned_networks.describe(first, second, lost_weights=0)).verdict == "supported"
    assert failed(judge("M04", thinned_networks.describe(wrong, second, lost_weights=0))) == [
        "outgoing weights of a hidden node: largest gradient where the node is dropped",
        "outgoing weights of a hidden node: smallest gradient where it is present",
    ]


def test_m04_notices_masks_and_removals_that_stay() -> None:
    first, _ = two_passes()
    assert failed(judge("M04", thinned_networks.describe(first, first, lost_weights=1))) == [
        "examples with the same mask in the next pass",
        "weights changed or removed by the passes",
    ]


def test_m05_notices_the_other_meaning_of_p() -> None:
    kept_with_prob_p = nn.Dropout(1 - 0.2)
    share = dropout_layer.share_present(kept_with_prob_p)
    assert judge("M05", {"share present, torch.nn.Dropout(p=0.2)": share}).verdict == "contradicted"


def test_m06_notices_dropout_without_scaling() -> None:
    class Unscaled(ElementDropout):
        def forward(self, input: Tensor) -> Tensor:
            return super().forward(input) * (1 - self.p) if self.training else input

    assert dropout_layer.mean_in_standard_errors(Unscaled(dropout_layer.TEST_DROP_PROB)) > 50


def test_m06_notices_test_weights_that_are_not_scaled() -> None:
    in_training, at_test = dropout_layer.against_the_paper(
        ElementDropout(dropout_layer.TEST_DROP_PROB), factor=1.0
    )
    assert in_training < 1e-12
    assert at_test > 0.1
    name = "paper's form, weights times p at test: largest difference"
    assert failed(judge("M06", {name: at_test})) == [name]


def test_m07_notices_one_mask_per_batch() -> None:
    masks = (torch.rand(20, 64) < 0.5).repeat_interleave(50, dim=0)
    assert failed(judge("M07", thinned_networks.count_networks(masks))) == ["distinct networks among them"]


WITHOUT_MAX_NORM = max_norm.Norms(run="MLP, lr 1000 without max-norm", largest=9.0, bias=0.0, steps=1)


def test_m08_notices_training_without_max_norm() -> None:
    free = max_norm.train_norms("MLP, lr 100", lr=100.0, max_norm=None)
    result = judge("M08", max_norm.describe([free], moved=0, without=WITHOUT_MAX_NORM))
    assert failed(result) == ["MLP, lr 100: largest norm after any step"]


def test_m08_notices_a_wider_ball_and_moved_units() -> None:
    wide = max_norm.train_norms("CNN, lr 10", lr=10.0, max_norm=1.001 * max_norm.RADIUS)
    result = judge("M08", max_norm.describe([wide], moved=3, without=WITHOUT_MAX_NORM))
    assert failed(result) == [
        "CNN, lr 10: largest norm after any step",
        "numbers changed in units inside the ball",
    ]


def test_m08_a_run_that_was_never_finite_supports_nothing() -> None:
    never = max_norm.Norms(run="broken", largest=float("nan"), bias=float("nan"), steps=0)
    assert len(failed(judge("M08", max_norm.describe([never], moved=0, without=WITHOUT_MAX_NORM)))) == 2


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
    counted = epochs.count(
        "regx, batches of 50, incomplete batch dropped", [[*epoch, last_batch] if last_batch else epoch] * 3
    )
    assert [name.rpartition(": ")[2] for name in failed(judge("M09", counted))] == wrong


def test_m10_notices_the_unbiased_variance() -> None:
    class Unbiased(nn.BatchNorm1d):
        def forward(self, input: Tensor) -> Tensor:
            shrink = ((len(input) - 1) / len(input)) ** 0.5 if self.training else 1.0
            return (super().forward(input) - self.bias) * shrink + self.bias

    distances = batch_norm.distances("dense", Unbiased(6), torch.randn(8, 6))
    assert failed(judge("M10", distances)) == [
        "dense: training, distance from the formula",
        "dense: mean 0 and variance 1, largest distance",
    ]


def test_m10_regx_normalises_before_the_activation(results: dict[str, CheckResult]) -> None:
    assert value(results["M10"], "regx's networks normalise the output of") == "Conv2d and Linear"


def test_m11_notices_the_wrong_variance() -> None:
    undone = batch_norm.undo("dense", "unit", nn.BatchNorm1d(128), torch.randn(8, 128), correction=1)
    assert failed(judge("M11", undone)) == ["dense: undone, largest |output - input|"]


def test_m11_counts_two_per_feature_map(results: dict[str, CheckResult]) -> None:
    assert value(results["M11"], "convolution: learned numbers for 16 feature maps") == 32
    assert value(results["M11"], "convolution: activations per example") == 16 * 8 * 8


def test_m12_notices_a_network_without_batch_norm() -> None:
    _, plain = batch_norm.scaled_networks()
    passes = {scale: batch_norm.pass_scaled(plain, batch_norm.HIDDEN, scale) for scale in batch_norm.SCALES}
    in_all = {scale: batch_norm.pass_scaled(plain, batch_norm.ALL, scale) for scale in batch_norm.SCALES}
    assert batch_norm.slope(passes, 0) == pytest.approx(1.0)  # two layers scaled
    assert len(failed(judge("M12", batch_norm.describe_scales(passes, in_all)))) == 7


def test_m12_measuring_puts_the_weights_back() -> None:
    normed, _ = batch_norm.scaled_networks()
    before = normed.get_parameter("hidden1.weight").detach().clone()
    batch_norm.pass_scaled(normed, ("hidden1",), 100.0)
    assert torch.equal(normed.get_parameter("hidden1.weight"), before)


def test_m13_supports_the_letter_where_only_gamma_and_beta_changed() -> None:
    before = {
        "conv1.weight": torch.ones(4),
        "conv1_norm.weight": torch.ones(2),
        "conv1_norm.bias": torch.ones(2),
    }
    after = before | {"conv1_norm.weight": torch.zeros(2), "conv1_norm.bias": torch.zeros(2)}
    changed = batch_norm.compare({"one step": (before, after)})
    assert list(changed.values()) == [0.0, 1.0, 1]
    assert judge("M13", changed).reading == "the literal 'only these two weights' is true"
    nothing = batch_norm.compare({"one step": (before, before)})
    assert judge("M13", nothing).verdict == "contradicted"
