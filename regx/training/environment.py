"""Where a run is computed, and what may move the last bits of its result."""

import platform
from pathlib import Path

import numpy as np
import torch

import regx
from regx.config.errors import UsageError
from regx.runs.checkout import code_digest, git_state
from regx.runs.record import Environment

__all__ = ["describe_environment", "device_name", "resolve_device"]


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


def describe_environment(device: torch.device, *, threads: int, data_sha256: str) -> Environment:
    """Describe this process for run.json."""
    commit, dirty = git_state()
    return Environment(
        device=device.type,
        device_name=device_name(device),
        threads=threads,
        python=platform.python_version(),
        platform=platform.platform(),
        regx=regx.__version__,
        torch=torch.__version__,
        numpy=np.__version__,
        matmul=matmul(device),
        code=code_digest(),
        git_commit=commit,
        git_dirty=dirty,
        data_sha256=data_sha256,
    )


def matmul(device: torch.device) -> str:
    """Name the library that multiplies matrices on a device."""
    if device.type == "cuda":
        return "cublas"
    if device.type == "mps":
        return "mps"
    has_mkl = torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]  # torch does not annotate it
    return "mkl" if has_mkl else "other"
