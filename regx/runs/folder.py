"""Every file name of a run, in one class."""

import errno
import hashlib
import os
import re
import shlex
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from regx.config import ConfigError, RunConfig, config_hash, load_run
from regx.config.errors import UsageError
from regx.reading import OTHER_OUT, advising, explain, read_bytes
from regx.runs.files import ASIDE_SUFFIX, remove_leftovers
from regx.runs.lock import hold, is_held
from regx.runs.record import RunRecord

__all__ = ["LOCK_NAME", "NAME", "FolderBusyError", "NoRecord", "RunFolder", "is_run_folder"]

LOCK_NAME = ".lock"
NAME = re.compile(r".*-s(?P<seed>\d+)-(?P<hash>[0-9a-f]{8})")


class FolderBusyError(UsageError):
    """Another process is working in this run folder."""


@dataclass(frozen=True)
class NoRecord:
    """What is known of a run without a record.

    Attributes:
        error: Why there is none.
        has_ended: As a record has it.
    """

    error: OSError | ValueError
    has_ended: ClassVar[bool] = False

    @property
    def status(self) -> Literal["absent", "damaged"]:
        """`absent`: no run.json; `damaged`: it cannot be read, or the files are not what it says."""
        is_absent = isinstance(self.error, FileNotFoundError | NotADirectoryError)
        return "absent" if is_absent else "damaged"

    @property
    def reason(self) -> str:
        """What is damaged, in one line; empty where nothing is there."""
        return "" if self.status == "absent" else explain(self.error)


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
        with advising(OTHER_OUT):
            self.path.mkdir(parents=True, exist_ok=True)
            if not os.access(self.path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.path))

    @property
    def files(self) -> tuple[Path, ...]:
        """All that a run writes."""
        return (
            self.record, self.config, self.metrics, self.probes, self.curves, self.checkpoint, self.error,
        )  # fmt: skip

    def clear(self) -> None:
        """Remove all that a run wrote, and what was put aside of it. Hold the lock."""
        for path in (*self.files, *self.path.glob(f"*{ASIDE_SUFFIX}")):
            path.unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Remove files that a kill left half-written under their temporary names."""
        remove_leftovers(self.path)

    def lock(self) -> AbstractContextManager[str]:
        """Hold the folder for this process; the system lets go of it when the process ends, however it ends.

        Yields:
            What is not protected where the file system has no locks, in one line; empty where it has.

        Raises:
            FolderBusyError: If another process holds it.
        """
        busy = FolderBusyError(f"{self.path}: another process is training this run")
        return hold(self.path / LOCK_NAME, busy=busy)

    def is_locked(self) -> bool:
        """Whether some process is training here."""
        return is_held(self.path / LOCK_NAME)

    def read_record(self) -> RunRecord:
        """Read run.json; a run that says running while no process holds the folder was interrupted.

        Raises:
            ValueError: If run.json is damaged, of another format or of another run, or a file of a run that
                has ended is not the one that run.json vouches for; the message names the file.
            OSError: If one of them cannot be read.
        """
        record = self._read_own_record()
        if record.has_ended:
            self._check_files(record)
        if record.status == "running" and not self.is_locked():
            return record.model_copy(update={"status": "interrupted"})
        return record

    def find_record(self) -> RunRecord | NoRecord:
        """Read run.json as `read_record` does; what is wrong with it is returned, not raised."""
        try:
            return self.read_record()
        except (OSError, ValueError) as error:
            return NoRecord(error)

    def find_earlier_record(self) -> RunRecord | NoRecord:
        """Read what an earlier process left, for one that trains here.

        Raises:
            ValueError: If it is damaged, and no checkpoint can do without it; as from `read_record`.
            OSError: If it cannot be read.
        """
        found = self.find_record()
        if isinstance(found, NoRecord) and found.status == "damaged" and not self.can_go_on():
            raise found.error
        return found

    def can_go_on(self) -> bool:
        """Whether only run.json is lost: the checkpoint has its own checksum and the rows."""
        if not self.checkpoint.exists():
            return False
        try:
            self._read_own_record()
        except ValueError:
            return True
        return False

    def _read_own_record(self) -> RunRecord:
        record = RunRecord.read(self.record)
        named = NAME.fullmatch(self.path.absolute().name)
        if named and (int(named["seed"]), named["hash"]) != (record.seed, record.config_hash):
            raise ValueError(f"{self.record}: is of another run (seed {record.seed}, {record.config_hash})")
        return record

    def _check_files(self, record: RunRecord) -> None:
        """Compare the files of a run that has ended with what run.json says of them."""
        if record.epochs_completed and not self.metrics.exists():  # older versions wrote no checksums
            raise ValueError(f"{self.metrics}: is missing")
        for name, expected in record.files.items():
            path = self.path / name
            if not path.exists():
                raise ValueError(f"{path}: is missing")
            if hashlib.sha256(read_bytes(path)).hexdigest() != expected:
                raise ValueError(f"{path}: is damaged: it does not have the checksum in run.json")

    def how_to_repair(self) -> str:
        """Say what trains a damaged run again."""
        try:
            config = load_run(self.config)
        except (ConfigError, OSError):
            return f"remove {self.path} and train the run again"
        if RunFolder.for_config(config, self.path.parent) != self:
            return f"remove {self.path} and train the run again"
        words = ["regx", "train", str(self.config), "--out", str(self.path.parent)]
        if self.can_go_on():
            return f"`{shlex.join(words)}` continues from its checkpoint"
        return f"`{shlex.join([*words, '--fresh'])}` trains it again"


def is_run_folder(path: Path) -> bool:
    """Whether `path` is the folder of a run, in whatever state."""
    return (path / "run.json").exists()
