"""One seed gives independent named streams, so that a draw in one never shifts a draw in another."""

import hashlib

import torch
from torch import Tensor

__all__ = ["generator", "noise_state", "set_noise_state", "stream_seed"]


def stream_seed(seed: int, stream: str) -> int:
    """Derive the seed of a stream.

    Args:
        seed: The seed of the run.
        stream: `subset`, `init/<layer>`, `order/<epoch>`, `augment/<epoch>`, `mask/<layer>` or `noise`.

    Returns:
        63 bits that depend on nothing else: equal on every machine, and unrelated between names.
    """
    digest = hashlib.sha256(f"regx/{seed}/{stream}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, stream: str) -> torch.Generator:
    """Make the generator of a stream, on the CPU: a GPU then sees the same images in the same order."""
    return torch.Generator().manual_seed(stream_seed(seed, stream))


def noise_state(device: torch.device) -> dict[str, Tensor]:
    """Return the state of the generators that dropout draws from, by device type."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_noise_state(states: dict[str, Tensor], device: torch.device) -> None:
    """Put the generators back; a run that moves to another kind of device draws anew there."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    elif device.type == "mps" and "mps" in states:
        torch.mps.set_rng_state(states["mps"])
