"""Evaluation: weighted means, statistics made fresh, what must not be touched."""

import torch
from torch import nn

from regx.data.images import Images
from regx.training.evaluate import evaluate, fresh_batch_norm, has_finite_weights


def images(num_images: int) -> Images:
    gen = torch.Generator().manual_seed(0)
    return Images(
        torch.randn(num_images, 4, 4, 1, generator=gen), torch.randint(0, 10, (num_images,), generator=gen)
    )


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 10))


def test_a_short_last_batch_counts_as_much_as_it_holds() -> None:
    data, net = images(1001), network().eval()  # four of 250, and one image
    loss, error = evaluate(net, data)
    pixels, labels = data.batch(slice(None))
    logits = net(pixels)
    torch.testing.assert_close(loss, nn.functional.cross_entropy(logits, labels).item())
    assert error == float((logits.argmax(dim=1) != labels).double().mean())


def test_fresh_statistics_are_those_of_the_images_and_go_again() -> None:
    data, net = images(400), network()
    norm = net[2]
    assert isinstance(norm, nn.BatchNorm1d)
    assert norm.running_mean is not None
    before = {name: value.clone() for name, value in norm.named_buffers()}
    noise = torch.get_rng_state()
    with fresh_batch_norm(net, data, 2000):
        hidden = net[1](data.batch(slice(None))[0].flatten(1))
        torch.testing.assert_close(norm.running_mean, hidden.mean(dim=0))
        torch.testing.assert_close(norm.running_var, hidden.var(dim=0))
        assert not net.training
    for name, value in norm.named_buffers():
        assert torch.equal(value, before[name])
    assert norm.momentum == 0.1
    assert torch.equal(torch.get_rng_state(), noise)  # dropout has drawn nothing


def test_every_image_that_was_asked_for_counts() -> None:
    """999 images are two batches of 499, not one of 500."""
    data, net = images(999), network()
    with fresh_batch_norm(net, data, 999):
        norm = net[2]
        assert isinstance(norm, nn.BatchNorm1d)
        assert norm.num_batches_tracked == 2


def test_an_infinite_weight_is_seen_where_the_loss_hides_it() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 10))
    assert has_finite_weights(net)
    with torch.no_grad():
        net[1].bias[0] = -torch.inf
    loss, _ = evaluate(net, images(10))
    assert loss < 10
    assert not has_finite_weights(net)
