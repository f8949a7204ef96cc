"""What the folder of runs holds already: runs are known by their content, not by who asked for them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from regx.config import Experiment, RunConfig, Settings, config_hash
from regx.config.errors import UsageError
from regx.reading import OTHER_OUT, advising, explain
from regx.runs.files import put_aside, remove_leftovers
from regx.runs.folder import NAME, NoRecord, RunFolder
from regx.runs.load import Run
from regx.runs.lock import hold
from regx.runs.metrics import read_rows
from regx.runs.record import ENDED, Status
from regx.runs.sweep import Stage
from regx.sweeps.jobs import Job, folder_name
from regx.sweeps.shared_folder import remove_marks

__all__ = ["Ledger", "State"]

LOCK_NAME = ".sweep.lock"
RETRY = "`regx sweep` with --retry-failed trains it again"
State = Status | Literal["absent", "damaged"]  # see NoRecord


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
        busy = UsageError(f"{self.runs_dir}: another sweep is at work here; wait for its end, or {OTHER_OUT}")
        with ExitStack() as stack:
            with advising(OTHER_OUT):
                self.runs_dir.mkdir(parents=True, exist_ok=True)
                missing = stack.enter_context(hold(self.runs_dir / LOCK_NAME, busy=busy))
            remove_leftovers(self.runs_dir)
            remove_marks(self.runs_dir)
            self._folders = self._list()  # a sweep that has just ended may have added to it
            yield missing

    def job(
        self,
        experiment: Experiment,
        arm: str,
        seed: int,
        cell: Settings | None = None,
        tuned: Settings | None = None,
        stage: Stage = "confirm",
    ) -> Job:
        """Say what a run of an experiment is, and where it is, or will be."""
        cell, tuned = cell or {}, tuned or {}
        config = experiment.config(arm, {**cell, **tuned}, seed)
        return Job(config=config, folder=self.find(config), stage=stage, arm=arm, cell=cell, tuned=tuned)

    def find(self, config: RunConfig) -> str:
        """Name the folder that a run is in, or will be."""
        own = folder_name(config)
        known = self._folders.get((config.seed, config_hash(config)), [])
        if known in ([], [own]):
            return own
        names = [name for name in known if self._state(name) in ENDED] or known
        return own if own in names else names[0]

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

    def failed(self, jobs: Sequence[Job]) -> list[Job]:
        """Keep the jobs that are not tried again unasked."""
        return [job for job in jobs if self.state(job) in ("failed", "damaged")]

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

    def damage(self, job: Job) -> str:
        """Say what is wrong with the files of a run, or nothing."""
        found = RunFolder(self.runs_dir / job.folder).find_record()
        return found.reason if isinstance(found, NoRecord) else ""

    def forget_failure(self, job: Job) -> None:
        """Let a failed or damaged run go on from its checkpoint; without a good one it begins anew."""
        if self.state(job) == "damaged":
            put_aside(RunFolder(self.runs_dir / job.folder).record)

    def _list(self) -> dict[tuple[int, str], list[str]]:
        found: dict[tuple[int, str], list[str]] = {}
        try:
            with advising(OTHER_OUT):
                names = sorted(path.name for path in self.runs_dir.iterdir())
        except FileNotFoundError:
            names = []
        for name in names:
            if parts := NAME.fullmatch(name):
                found.setdefault((int(parts["seed"]), parts["hash"]), []).append(name)
        return found

    def _state(self, name: str) -> State:
        return RunFolder(self.runs_dir / name).find_record().status
