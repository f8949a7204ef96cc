"""Random changes of the training images, all images of a batch at once.

What happens to an image in an epoch is drawn once, for all images, before the epoch begins. So it depends
only on the generator of that epoch and the number of the image. A run that continues in the middle of an
epoch sees the same images.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

__all__ = ["MAX_SHIFT", "apply", "draw_plan"]

MAX_SHIFT = 4  # pixels, each way


def draw_plan(kind: str, num_images: int, generator: torch.Generator) -> Tensor:
    """Draw what is done to each image during one epoch.

    Args:
        kind: `none`, `flip` or `crop_flip`.
        num_images: Images in the training set, N.
        generator: CPU generator of the epoch.

    Returns:
        (N, 3) int64: whether to flip (0 or 1), and the row and column at which the crop of the padded image
        starts, 0 to 2 * MAX_SHIFT. A row of it belongs to the image of that number.

    Raises:
        ValueError: If there is no such kind.
    """
    plan = torch.tensor([0, MAX_SHIFT, MAX_SHIFT]).repeat(num_images, 1)
    if kind not in ("none", "flip", "crop_flip"):
        raise ValueError(f"no augmentation {kind!r}")
    if kind != "none":
        plan[:, 0] = torch.randint(2, (num_images,), generator=generator)
    if kind == "crop_flip":
        plan[:, 1:] = torch.randint(2 * MAX_SHIFT + 1, (num_images, 2), generator=generator)
    return plan


def apply(kind: str, images_BCHW: Tensor, plan_B3: Tensor) -> Tensor:
    """Change the images of a batch as planned.

    Args:
        kind: As in `draw_plan`.
        images_BCHW: Preprocessed images; with `crop_flip` zeros move in: the mean, where they are centred.
        plan_B3: The rows of the plan that belong to these images, on their device.

    Returns:
        (B, C, H, W), channels last in memory; the same tensor for `none`.
    """
    if kind == "none":
        return images_BCHW
    images_BHWC = _flip(images_BCHW.permute(0, 2, 3, 1), plan_B3[:, 0])
    if kind == "crop_flip":
        images_BHWC = _crop(images_BHWC, plan_B3[:, 1], plan_B3[:, 2])
    return images_BHWC.permute(0, 3, 1, 2)


def _flip(images_BHWC: Tensor, flips_B: Tensor) -> Tensor:
    """Take each image from the batch or from its mirror image: faster than a choice per pixel."""
    count = len(images_BHWC)
    both = torch.cat([images_BHWC, images_BHWC.flip(2)])
    return both.index_select(0, torch.arange(count, device=both.device) + count * flips_B)


def _crop(images_BHWC: Tensor, tops_B: Tensor, lefts_B: Tensor) -> Tensor:
    """Take from each padded image the window that starts at (top, left); the windows are views."""
    count, height, width, _ = images_BHWC.shape
    padded = pad(images_BHWC, (0, 0, MAX_SHIFT, MAX_SHIFT, MAX_SHIFT, MAX_SHIFT))
    windows = padded.unfold(1, height, 1).unfold(2, width, 1)  # B, top, left, C, H, W
    chosen: Tensor = windows.permute(0, 1, 2, 4, 5, 3)[
        torch.arange(count, device=padded.device), tops_B, lefts_B
    ]
    return chosen
