"""Element-wise dropout with a mask that is cheap to draw on a CPU, and dropout whose mask can be fixed."""

import torch
from torch import Tensor, nn

__all__ = ["Dropout", "ElementDropout", "FixableDropout"]

Dropout = nn.Dropout | nn.Dropout2d

LEVELS = 65_536  # of a 16-bit draw


class ElementDropout(nn.Dropout):
    """`nn.Dropout`, with its mask made of 16 random bits per element on the CPU.

    torch draws a float per element there, which costs as much as the layer that the dropout follows. The
    probability of zeroing is `p` rounded to 1/65,536; the scale of what is kept is 1 / (1 - p) as ever. Draws
    come from torch's default generator. On a GPU it is `nn.Dropout` itself.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Zero each element with probability p while training; the identity in eval mode."""
        if not self.training or input.device.type != "cpu" or self.p > 1 - 1 / LEVELS:
            return super().forward(input)
        return input * self._scaled_mask(input)

    @torch.no_grad()
    def _scaled_mask(self, input: Tensor) -> Tensor:
        """Draw a mask of 0 and 1 / (1 - p) in the shape and type of the input."""
        count = input.numel()
        words = torch.empty((count + 3) // 4, dtype=torch.int64)
        words.random_(-(2**63), None)  # without a lower bound the sign bit would always be 0
        # The mask lies in memory as the input does, or the product would be slow.
        layout = torch.empty_like(input, device="meta").stride()
        draws = words.view(torch.int16).as_strided(input.shape, layout)
        kept = draws >= round(self.p * LEVELS) - LEVELS // 2
        return kept.to(input.dtype).mul_(1 / (1 - self.p))


class FixableDropout(nn.Module):
    """Dropout whose mask can be fixed: the network is then one thinned network.

    The fixed mask is the same for all images, and it holds in eval mode too. What is kept stays scaled by
    1 / (1 - p): it is one of the networks that dropout has trained so far.

    Attributes:
        dropout: The layer that acts until then. It decides whether the mask is of elements or of channels.
        mask: (...) the fixed mask in the shape of one image's activations; None before its first use.
    """

    def __init__(self, dropout: Dropout) -> None:
        super().__init__()
        self.dropout = dropout
        self.mask: Tensor | None = None
        self._generator: torch.Generator | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether one mask serves for all."""
        return self._generator is not None

    def fix_(self, generator: torch.Generator) -> None:
        """Draw one mask from `generator`, on the CPU, when the layer next sees images."""
        self._generator, self.mask = generator, None

    def forward(self, input: Tensor) -> Tensor:
        """Drop by a new mask, or by the fixed one."""
        if self._generator is None:
            return self.dropout(input)  # type: ignore[no-any-return]  # nn.Module returns Any
        if self.mask is None:
            self.mask = self._draw(input, self._generator)
        return input * self.mask.to(input.dtype)

    def _draw(self, input: Tensor, generator: torch.Generator) -> Tensor:
        p, shape = self.dropout.p, input.shape[1:]
        if isinstance(self.dropout, nn.Dropout2d):
            shape = torch.Size((shape[0], 1, 1))
        with torch.inference_mode(mode=False):  # training may meet it after evaluation has
            return (torch.rand(shape, generator=generator) >= p).float().div_(1 - p).to(input.device)
