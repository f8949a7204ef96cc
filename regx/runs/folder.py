"""Every file name of a run, in one class."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from regx.config import RunConfig, config_hash
from regx.config.errors import UsageError
from regx.runs.files import remove_leftovers
from regx.runs.lock import hold, is_held
from regx.runs.record import RunRecord

__all__ = ["FolderBusyError", "RunFolder", "is_run_folder"]

LOCK_NAME = ".lock"


class FolderBusyError(UsageError):
    """Another process is working in this run folder."""


@dataclass(frozen=True)
class RunFolder:
    """`runs/<name>-s<seed>-<hash8>/` and the files in it."""

    path: Path

    @classmethod
    def for_config(cls, config: RunConfig, runs_dir: Path) -> "RunFolder":
        """Name the folder of a config: same inputs, same folder."""
        return cls(runs_dir / f"{config.name}-s{config.seed}-{config_hash(config)}")

    @property
    def config(self) -> Path:
        """The resolved config, every default written out."""
        return self.path / "config.yaml"

    @property
    def metrics(self) -> Path:
        """One row per completed epoch."""
        return self.path / "metrics.csv"

    @property
    def probes(self) -> Path:
        """What probes found inside the run; only where probes are on."""
        return self.path / "probes.csv"

    @property
    def record(self) -> Path:
        """Status, final and best metrics, environment."""
        return self.path / "run.json"

    @property
    def curves(self) -> Path:
        """Loss and error against epochs."""
        return self.path / "curves.svg"

    @property
    def checkpoint(self) -> Path:
        """Everything that training needs to go on; only while unfinished."""
        return self.path / "checkpoint.pt"

    @property
    def error(self) -> Path:
        """The traceback of a run that failed in a sweep."""
        return self.path / "error.txt"

    def create(self) -> None:
        """Make the folder, with those above it.

        Raises:
            OSError: If it cannot be made or written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not os.access(self.path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.path))
        except OSError as error:
            error.add_note("choose another place with --out")
            raise

    def remove_leftovers(self) -> None:
        """Remove files that a kill left half-written under their temporary names."""
        remove_leftovers(self.path)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process; the system lets go of it when the process ends, however it ends.

        Raises:
            FolderBusyError: If another process holds it.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(hold(self.path / LOCK_NAME))
            except BlockingIOError:
                raise FolderBusyError(f"{self.path}: another process is training this run") from None
            yield

    def is_locked(self) -> bool:
        """Whether some process is training here."""
        return is_held(self.path / LOCK_NAME)

    def read_record(self) -> RunRecord:
        """Read run.json; a run that says running while no process holds the folder was interrupted.

        Raises:
            ValueError: If run.json is damaged or of another format.
            OSError: If it cannot be read.
        """
        record = RunRecord.read(self.record)
        if record.status == "running" and not self.is_locked():
            return record.model_copy(update={"status": "interrupted"})
        return record


def is_run_folder(path: Path) -> bool:
    """Whether `path` is the folder of a run, in whatever state."""
    return (path / "run.json").is_file()
