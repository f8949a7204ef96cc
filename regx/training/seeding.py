"""One seed gives independent named streams, so that a draw in one never shifts a draw in another."""

import hashlib

import torch

__all__ = ["generator", "stream_seed"]


def stream_seed(seed: int, stream: str) -> int:
    """Derive the seed of a stream.

    Args:
        seed: The seed of the run.
        stream: `subset`, `init/<layer>`, `order/<epoch>`, `augment/<epoch>` or `noise`.

    Returns:
        63 bits that depend on nothing else: equal on every machine, and unrelated between names.
    """
    digest = hashlib.sha256(f"regx/{seed}/{stream}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, stream: str) -> torch.Generator:
    """Make the generator of a stream, on the CPU: a GPU then sees the same images in the same order."""
    return torch.Generator().manual_seed(stream_seed(seed, stream))
