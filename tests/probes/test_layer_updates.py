import copy
from collections import OrderedDict

import torch
from torch import nn

from regx.models.batch_norm import BatchNormNoise
from regx.models.dropout import ElementDropout, FixableDropout
from regx.probes.layers import gradients, layer_blocks, move_, noiseless_copy


def noisy_network():
    torch.manual_seed(0)
    layers = OrderedDict(
        flatten=nn.Flatten(),
        input_drop=ElementDropout(0.2),
        hidden1=nn.Linear(4, 6, bias=False),
        hidden1_norm=nn.BatchNorm1d(6),
        hidden1_noise=BatchNormNoise(0.5, 1.25),
        hidden1_act=nn.ReLU(),
        hidden1_drop=FixableDropout(ElementDropout(0.5)),
        output=nn.Linear(6, 3),
    )
    return nn.Sequential(layers).train()


IMAGES = torch.randn(20, 1, 2, 2, generator=torch.Generator().manual_seed(1))


def test_a_block_is_a_layer_with_what_follows_it():
    network = noisy_network()

    blocks = layer_blocks(network)

    assert [block.name for block in blocks] == ["hidden1", "output"]
    assert blocks[0].weight is network.hidden1.weight
    norm = network.hidden1_norm
    assert [id(p) for p in blocks[0].trained] == [id(network.hidden1.weight), id(norm.weight), id(norm.bias)]


def test_blocks_one_after_the_other_are_the_network():
    twin = noiseless_copy(noisy_network())

    activations = IMAGES
    for block in layer_blocks(twin):
        activations = block.modules(activations)

    assert torch.equal(activations, twin(IMAGES))


def test_a_noiseless_copy_draws_nothing_and_uses_the_statistics_of_the_batch():
    network = noisy_network()
    before = torch.get_rng_state()
    first = noiseless_copy(network)(IMAGES)
    network.hidden1_norm.running_mean.fill_(7.0)

    assert torch.equal(noiseless_copy(network)(IMAGES), first)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_happens_to_a_copy_leaves_the_network_alone():
    network = noisy_network()
    before = copy.deepcopy(network.state_dict())

    twin = noiseless_copy(network)
    blocks = layer_blocks(twin)
    for block, of_block in zip(blocks, gradients(twin(IMAGES).square().sum(), blocks), strict=True):
        move_(block, of_block)

    assert not torch.equal(twin.hidden1.weight, network.hidden1.weight)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(module.training for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())
