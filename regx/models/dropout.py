"""Element-wise dropout with a mask that is cheap to draw on a CPU."""

import torch
from torch import Tensor, nn

__all__ = ["ElementDropout"]

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
