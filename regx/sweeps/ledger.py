"""What the folder of runs holds already: runs are known by their content, not by who asked for them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from regx.config import RunConfig, Settings, config_hash
from regx.config.errors import UsageError
from regx.config.os_errors import explain
from regx.runs.files import remove_leftovers
from regx.runs.folder import NAME, RunFolder
from regx.runs.lock import hold
from regx.runs.metrics import read_rows
from regx.runs.record import ENDED, Status
from regx.runs.table import Run
from regx.sweeps.jobs import Job
from regx.sweeps.shared_folder import remove_marks

__all__ = ["Ledger", "State"]

LOCK_NAME = ".sweep.lock"
RETRY = "`regx sweep` with --retry-failed trains it again"
# `absent`: no record of it; `damaged`: a record that cannot be read, or one whose files are not what it says.
State = Status | Literal["absent", "damaged"]


class Ledger:
    """The runs in a folder, by config and seed.

    Two experiments that need the same run share it, and so does a run that `regx train` made: only the
    folder's name, not what it was trained for, tells its first owner.
    """

    def __init__(self, runs_dir: Path) -> None:
        """List the folders; what stands in them is read when it is asked for.

        Raises:
            OSError: If the folder cannot be read; one that is not there holds nothing.
        """
        self.runs_dir = runs_dir
        self._ended: set[str] = set()  # a run that has ended stays so: its record is read once
        self._folders = self._list()

    @contextmanager
    def lock(self) -> Iterator[str]:
        """Keep other sweeps out of this folder of runs, which is made where it is missing.

        Yields:
            What is not protected where the file system has no locks, in one line; empty where it has.

        Raises:
            UsageError: If a sweep is going on in it.
            OSError: If it cannot be made.
        """
        with self._usable():
            self.runs_dir.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            try:
                with self._usable():
                    missing = stack.enter_context(hold(self.runs_dir / LOCK_NAME))
            except BlockingIOError:
                raise UsageError(
                    f"{self.runs_dir}: another sweep is at work here; wait for its end, or choose another"
                    " place with --out"
                ) from None
            remove_leftovers(self.runs_dir)
            remove_marks(self.runs_dir)
            self._folders = self._list()  # a sweep that has just ended may have added to it
            yield missing

    def job(self, config: RunConfig, arm: str = "", settings: Settings | None = None) -> Job:
        """Say where a run is, or will be; arm and settings are for display."""
        job = Job.of(config, arm, settings)
        known = self._folders.get((config.seed, config_hash(config)), [])
        if not known or known == [job.folder]:
            return job
        ended = [name for name in known if self._state(name) in ENDED]
        names = ended or known
        return job if job.folder in names else replace(job, folder=names[0])

    def state(self, job: Job) -> State:
        """Say how far a run has come."""
        return self._state(job.folder)

    def ended(self, job: Job) -> bool:
        """Whether there is nothing left to train."""
        if job.folder not in self._ended and self.state(job) in ENDED:
            self._ended.add(job.folder)
        return job.folder in self._ended

    def unended(self, jobs: Sequence[Job]) -> list[Job]:
        """Keep the jobs that are left to do, each once."""
        return [job for job in {job.folder: job for job in jobs}.values() if not self.ended(job)]

    def load(self, job: Job) -> Run:
        """Load a run that has ended.

        Raises:
            UsageError: If its files do not tell what they should.
        """
        folder = RunFolder(self.runs_dir / job.folder)
        try:
            record = folder.read_record()
            rows = tuple(read_rows(folder.metrics)) if record.epochs_completed else ()
        except (OSError, ValueError) as error:
            error.add_note(RETRY)
            said = explain(error) if isinstance(error, OSError) else f"{error}; {RETRY}"
            raise UsageError(said) from None
        return Run(path=folder.path, config=job.config, record=record, rows=rows)

    def damage(self, job: Job) -> str | None:
        """Say what is wrong with the files of a run; None where nothing is."""
        try:
            RunFolder(self.runs_dir / job.folder).read_record()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            return explain(error)
        return None

    def forget_failure(self, job: Job) -> None:
        """Let a failed or damaged run go on from its checkpoint; without a good one it begins anew."""
        if self.state(job) == "damaged":
            RunFolder(self.runs_dir / job.folder).record.unlink(missing_ok=True)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Tell, where the folder cannot be used, how to choose another."""
        try:
            yield
        except OSError as error:
            error.add_note("choose another place with --out")
            raise

    def _list(self) -> dict[tuple[int, str], list[str]]:
        found: dict[tuple[int, str], list[str]] = {}
        try:
            with self._usable():
                names = sorted(path.name for path in self.runs_dir.iterdir())
        except FileNotFoundError:
            names = []
        for name in names:
            if parts := NAME.fullmatch(name):
                found.setdefault((int(parts["seed"]), parts["hash"]), []).append(name)
        return found

    def _state(self, name: str) -> State:
        folder = RunFolder(self.runs_dir / name)
        try:
            return folder.read_record().status
        except FileNotFoundError:
            return "absent"
        except (OSError, ValueError):
            return "damaged"
