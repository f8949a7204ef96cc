"""Where a run is computed, and in which precision."""

import platform
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch

from regx.config.errors import UsageError

__all__ = ["autocast", "device_name", "resolve_device"]


def resolve_device(requested: str) -> torch.device:
    """Choose the device: `auto` takes cuda, else mps, else cpu.

    Raises:
        UsageError: If the device was named and this machine does not have it.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if requested == "auto":
        return torch.device(next(name for name, there in available.items() if there))
    if not available[requested]:
        raise UsageError(f"device: this machine has no {requested} that torch can use; write device: auto")
    return torch.device(requested)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context of a forward pass; entered anew at each step, since it caches converted weights."""
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def device_name(device: torch.device) -> str:
    """Name the processor or the GPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
