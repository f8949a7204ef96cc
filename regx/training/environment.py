"""What may move the last bits of a result: versions, machine, threads, the state of the source."""

import platform

import numpy as np
import torch

import regx
from regx.runs.checkout import code_digest, git_state
from regx.runs.record import Environment
from regx.training.device import device_name

__all__ = ["describe_environment"]


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
