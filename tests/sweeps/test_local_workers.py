"""Workers on this machine: which GPU each gets; too low a limit on open files is refused, not waited out."""

import gc
import os
import resource
from pathlib import Path

import pytest

from regx.config.errors import UsageError
from regx.reading import explain
from regx.sweeps.dask_client import dask_settings
from regx.sweeps.local_workers import local_workers, place, visible_gpus

NVIDIA_SMI = """#!/bin/sh
[ "$*" = "-L" ] || exit 9
echo "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-11111111-2222-3333-4444-555555555555)"
echo "GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-66666666-7777-8888-9999-000000000000)"
"""


@pytest.mark.parametrize(
    ("listed", "gpus"),
    [("0,1", ["0", "1"]), ("3", ["3"]), ("", []), ("-1", []), ("GPU-11, GPU-22", ["GPU-11", "GPU-22"])],
)
def test_the_variable_decides(listed: str, gpus: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    assert visible_gpus() == gpus


def test_without_it_the_driver_program_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    program = tmp_path / "nvidia-smi"
    program.write_text(NVIDIA_SMI)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert visible_gpus() == ["0", "1"]


def test_without_that_program_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_gpus() == []
    assert place(3) == [None, None, None]


def test_workers_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    assert place(2) == ["4", "7"]
    assert place(4, per_gpu=2) == ["4", "7", "4", "7"]
    assert place(3, per_gpu=2) == ["4", "7", "4"]


@pytest.mark.parametrize(
    ("listed", "num_workers", "per_gpu", "message"),
    [
        ("", 2, 1, "no GPU was found"),
        ("0,1", 3, None, "2 GPUs here; say --per-gpu 2"),
        ("0", 5, 2, "1 GPU here; say --per-gpu 5"),
    ],
)
def test_what_does_not_fit_is_refused(
    listed: str, num_workers: int, per_gpu: int | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    with pytest.raises(UsageError, match=message):
        place(num_workers, per_gpu)


def test_more_workers_than_the_limit_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 100))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: pytest.fail("beyond the hard limit"))
    with pytest.raises(OSError, match="Too many open files") as caught, local_workers([None, None]):
        pass
    assert explain(caught.value) == "--jobs 2: Too many open files; raise the limit on open files (ulimit -n)"


def test_ctrl_c_during_a_collection_of_garbage_is_not_lost() -> None:
    """Python drops what is raised in a callback of the collector, and a KeyboardInterrupt with it."""
    with dask_settings(), local_workers([None]):
        assert [call for call in gc.callbacks if call.__module__.startswith("distributed")] == []
