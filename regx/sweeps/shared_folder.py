"""Do driver and worker see the same folder of runs? Where they do not, finished folders travel as bytes."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from regx.reading import OTHER_OUT, advising, naming, read_bytes
from regx.runs.files import part_folder
from regx.runs.folder import RunFolder

__all__ = ["deliver", "is_shared", "mark", "pack", "remove_marks"]

MARK = ".sweep-{token}.shared"


@contextmanager
def mark(runs_dir: Path, token: str) -> Iterator[None]:
    """Put a file into the folder of runs by which workers know it, as long as the context lasts.

    Raises:
        OSError: If the folder cannot be written.
    """
    path = runs_dir / MARK.format(token=token)  # a new name each time: network file systems cache old ones
    with advising(OTHER_OUT):
        runs_dir.mkdir(parents=True, exist_ok=True)
        path.touch()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def remove_marks(runs_dir: Path) -> None:
    """Remove the marks of drivers that were killed. Hold the lock: only one sweep is at work in a folder."""
    for path in runs_dir.glob(MARK.format(token="*")):
        with contextlib.suppress(OSError):
            path.unlink()


def is_shared(runs_dir: Path, token: str) -> bool:
    """Whether this process sees the driver's folder of runs, and may write to it."""
    try:
        return (runs_dir / MARK.format(token=token)).exists() and os.access(runs_dir, os.W_OK)
    except OSError:
        return False


def pack(folder: RunFolder) -> dict[str, bytes]:
    """Read the files of a run that has come to an end; what only its process needs stays."""
    files = (path for path in sorted(folder.path.iterdir()) if path.is_file())
    return {
        path.name: read_bytes(path)
        for path in files
        if not path.name.startswith(".") and path != folder.checkpoint
    }


def deliver(runs_dir: Path, name: str, files: Mapping[str, bytes]) -> None:
    """Write a run's folder that was trained elsewhere: whole or not at all.

    A run of that name that has ended stays; an unfinished one is replaced.

    Raises:
        FolderBusyError: If some process is training it here.
        OSError: If it cannot be written.
    """
    target = RunFolder(runs_dir / name)
    with part_folder(runs_dir, name) as parts:
        new = parts / "new"
        new.mkdir()
        for file_name, content in files.items():
            path = new / Path(file_name).name
            with naming(path), path.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if not target.path.exists():
            new.rename(target.path)
            return
        with target.lock():
            if not target.find_record().has_ended:
                target.path.rename(parts / "old")
                new.rename(target.path)
