"""How many workers fit on this machine and which GPU each gets, found without importing torch."""

import os
import subprocess

from regx.config.errors import UsageError
from regx.wording import counted

__all__ = ["place", "visible_gpus"]


def visible_gpus() -> list[str]:
    """List the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them.

    That variable decides where it is set (empty: none); otherwise `nvidia-smi` is asked.
    """
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is not None:
        names = [name.strip() for name in listed.split(",")]
        return [name for name in names if name and name != "-1"]
    try:
        command = ["nvidia-smi", "-L"]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return []
    count = sum(line.startswith("GPU ") for line in done.stdout.splitlines())
    return [str(index) for index in range(count)]


def place(num_workers: int, per_gpu: int | None = None) -> list[str | None]:
    """Give each worker its GPU, in turn: with two GPUs, four workers get 0, 1, 0, 1.

    Args:
        num_workers: Workers on this machine.
        per_gpu: How many may share a GPU; None for one each.

    Returns:
        One name per worker; None for each where this machine has no GPU.

    Raises:
        UsageError: If `per_gpu` was asked for and there is no GPU, or there are more workers than places.
    """
    gpus = visible_gpus()
    if not gpus:
        if per_gpu is not None:
            raise UsageError("--per-gpu: no GPU was found here (nvidia-smi -L lists them); leave it out")
        return [None] * num_workers
    places = len(gpus) * (per_gpu or 1)
    if num_workers > places:
        here = counted(len(gpus), "GPU")
        needed = -(-num_workers // len(gpus))
        raise UsageError(
            f"--jobs {num_workers}: {here} here; say --per-gpu {needed} to let workers share one,"
            " or set device: cpu"
        )
    return [gpus[index % len(gpus)] for index in range(num_workers)]
