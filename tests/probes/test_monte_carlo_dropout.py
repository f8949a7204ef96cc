import itertools
import math
from collections import OrderedDict

import pytest
import torch
from torch import nn

from regx.data.images import Images
from regx.models.dropout import ElementDropout
from regx.probes.monte_carlo_dropout import (
    NUM_AVERAGED,
    Score,
    arithmetic_mean,
    draw_members,
    geometric_mean,
    matching_k,
    sample_log_probs,
    scores,
)


def network_with(drop_prob):
    torch.manual_seed(0)
    layers = OrderedDict(
        flatten=nn.Flatten(),
        hidden1=nn.Linear(4, 16, bias=False),
        hidden1_norm=nn.BatchNorm1d(16),
        hidden1_act=nn.ReLU(),
        hidden1_drop=ElementDropout(drop_prob),
        output=nn.Linear(16, 3),
    )
    return nn.Sequential(layers).eval()


IMAGES = Images(torch.randn(50, 2, 2, 1, generator=torch.Generator().manual_seed(1)), torch.arange(50) % 3)
PIXELS_NCHW = IMAGES.batch(slice(0, 50))[0]


def members():
    return draw_members(torch.Generator().manual_seed(0))


def test_weight_scaling_is_the_geometric_mean_of_all_masks_of_one_softmax_layer():
    """Srivastava et al. 2014 and Baldi & Sadowski 2013: exact for dropout on the inputs of a softmax."""
    drop_prob = 0.2
    torch.manual_seed(0)
    layer = nn.Linear(8, 5).double()
    inputs_N8 = torch.randn(20, 8, dtype=torch.float64)
    masks_P8 = torch.tensor(list(itertools.product([0.0, 1.0], repeat=8)), dtype=torch.float64)
    thinned_PN8 = inputs_N8 * masks_P8[:, None] / (1 - drop_prob)
    with torch.no_grad():
        passes_PNK = layer(thinned_PN8).log_softmax(dim=2)
        scaled_NK = layer(inputs_N8).log_softmax(dim=1)
    probability_1P = ((1 - drop_prob) * masks_P8 + drop_prob * (1 - masks_P8)).prod(dim=1)[None]

    assert len(masks_P8) == 2**8
    assert torch.allclose(geometric_mean(passes_PNK, probability_1P)[0], scaled_NK, rtol=0, atol=1e-12)
    arithmetic_NK = arithmetic_mean(passes_PNK, probability_1P)[0]
    assert torch.allclose(arithmetic_NK.exp().sum(dim=1), torch.ones(20, dtype=torch.float64))
    assert (arithmetic_NK - scaled_NK).abs().max() > 0.01


def test_means_of_two_networks_by_hand():
    passes_PNK = torch.tensor([[[0.9, 0.1]], [[0.5, 0.5]]], dtype=torch.float64).log()
    both = torch.ones(1, 2, dtype=torch.float64)

    assert arithmetic_mean(passes_PNK, both).exp().flatten().tolist() == pytest.approx([0.7, 0.3])
    # sqrt(0.45) and sqrt(0.05) are as 3 to 1
    assert geometric_mean(passes_PNK, both).exp().flatten().tolist() == pytest.approx([0.75, 0.25])


def test_without_dropout_all_averages_are_weight_scaling():
    found = scores(network_with(0.0), IMAGES, members())

    scaled = found["weight_scaling"][1]
    for mean in ("arithmetic", "geometric"):
        assert tuple(found[mean]) == NUM_AVERAGED
        assert [score.error for score in found[mean].values()] == pytest.approx([scaled.error] * 8, abs=1e-15)
        assert [score.nll for score in found[mean].values()] == pytest.approx([scaled.nll] * 8, abs=1e-12)
        assert matching_k(found[mean], scaled) == 1


def test_a_network_without_dropout_layers_is_its_own_average():
    network = nn.Sequential(OrderedDict(flatten=nn.Flatten(), output=nn.Linear(4, 3))).eval()

    found = scores(network, IMAGES, members())

    assert found["arithmetic"][200].error == found["weight_scaling"][1].error
    assert found["arithmetic"][200].nll == pytest.approx(found["weight_scaling"][1].nll, abs=1e-12)


def test_errors_of_one_thinned_network_and_of_the_average_by_hand():
    """An image is wrong in a pass where its only pixel is dropped, which a fifth of the passes do."""
    layers = OrderedDict(flatten=nn.Flatten(), input_drop=ElementDropout(0.2), output=nn.Linear(1, 2))
    network = nn.Sequential(layers).eval()
    network.output.weight.data = torch.tensor([[8.0], [0.0]])
    network.output.bias.data = torch.tensor([0.0, 1.0])
    images = Images(torch.ones(300, 1, 1, 1), torch.zeros(300, dtype=torch.int64))

    torch.manual_seed(0)
    found = scores(network, images, members())

    assert found["weight_scaling"][1].error == 0.0
    assert found["arithmetic"][1].error == pytest.approx(0.2, abs=0.009)  # 5 sigma of 60,000 draws is 0.0082
    dropped, kept = math.log1p(math.e), math.log1p(math.exp(-9))  # the logits of a kept pixel are 10 and 1
    assert found["arithmetic"][1].nll == pytest.approx(0.2 * dropped + 0.8 * kept, abs=0.011)
    assert found["arithmetic"][200].error == 0.0
    assert found["arithmetic"][1].error_sd > 0
    assert math.isnan(found["arithmetic"][200].error_sd)


def test_a_pass_is_the_network_with_dropout_alone_as_in_training():
    network = network_with(0.5)
    statistics = network.hidden1_norm.running_mean.clone()

    torch.manual_seed(7)
    passes_PNK = sample_log_probs(network, PIXELS_NCHW, 3)

    assert torch.equal(network.hidden1_norm.running_mean, statistics)
    assert not any(module.training for module in network.modules())
    torch.manual_seed(7)
    network.hidden1_drop.train()
    with torch.no_grad():
        by_hand = torch.stack([network(PIXELS_NCHW).double().log_softmax(dim=1) for _ in range(3)])
    assert torch.equal(passes_PNK, by_hand)
    assert not torch.equal(passes_PNK[0], passes_PNK[1])


def test_images_in_several_chunks_are_all_counted():
    network = network_with(0.0)
    rows = torch.arange(2500) % 50
    many = Images(IMAGES.pixels[rows], IMAGES.labels[rows])

    two_passes = draw_members(torch.Generator(), num_passes=2, num_averaged=(1, 2))
    assert scores(network, many, two_passes)["arithmetic"][2].error == pytest.approx(
        scores(network, IMAGES, two_passes)["weight_scaling"][1].error
    )


def test_averages_of_every_size_take_different_passes_twenty_times():
    members_RP = members()

    sizes = members_RP.sum(dim=1).tolist()
    assert {k: sizes.count(k) for k in NUM_AVERAGED} == dict.fromkeys(NUM_AVERAGED, 20) | {1: 200, 200: 1}
    assert members_RP.unique().tolist() == [0.0, 1.0]
    assert len(members_RP.unique(dim=0)) == len(members_RP)


def score(error):
    return Score(error=error, nll=0.0, error_sd=0.0)


def test_k_star_is_the_smallest_k_that_is_no_worse_than_weight_scaling():
    by_k = {1: score(0.5), 20: score(0.1), 50: score(0.11), 100: score(0.1)}

    assert matching_k(by_k, score(0.1)) == 20
    assert matching_k(by_k, score(0.45)) == 20
    assert matching_k(by_k, score(0.5)) == 1
    assert math.isnan(matching_k(by_k, score(0.09)))
