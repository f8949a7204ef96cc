"""One run from its config to its folder: start or resume, train, test once, record."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256

import torch

from regx.config import RunConfig, config_hash, dump_config
from regx.config.errors import UsageError
from regx.config.sections.model import num_parameters
from regx.data.load import Dataset
from regx.reading import read_bytes
from regx.runs import metrics, probes
from regx.runs.files import GrowingFile, put_aside, write_text
from regx.runs.folder import RunFolder
from regx.runs.metrics import EpochMetrics
from regx.runs.record import Process, RunRecord
from regx.training.checkpoint import Checkpoint, UnusableError, load_checkpoint, save_checkpoint
from regx.training.environment import describe_environment, resolve_device
from regx.training.loop import Ending, train
from regx.training.observer import Observer
from regx.training.outcome import best_epoch, describe_ending
from regx.training.probing import Probing
from regx.training.seeding import stream_seed
from regx.training.start import prepare, start

__all__ = ["train_run"]


def train_run(
    config: RunConfig,
    folder: RunFolder,
    dataset: Dataset,
    observer: Observer,
    *,
    fresh: bool = False,
    keep_checkpoint: bool = False,
    checkpoint_seconds: float = 30.0,
) -> RunRecord:
    """Train one run in its folder, going on from what an earlier process left there.

    A run that is done or diverged is not trained again. The metrics of a resumed run are the same bytes as
    those of a run that was never interrupted, on the same machine, versions and threads.

    Args:
        config: What is asked of the run.
        folder: Where it goes.
        dataset: The data set that the config names.
        observer: Is told how the run goes, and may stop it: it is then saved and ends as interrupted.
        fresh: Throw away what the folder holds and begin again.
        keep_checkpoint: Keep checkpoint.pt after the end.
        checkpoint_seconds: Time between two checkpoints.

    Returns:
        The record, as it stands in run.json.

    Raises:
        UsageError: If the device is not there, or the folder cannot be written.
        FolderBusyError: If another process is training in this folder.
        OSError: If the folder cannot be written; what was there stays valid.
    """
    device = resolve_device(config.device)  # before the folder is made: a wrong device leaves nothing behind
    folder.create()
    with folder.lock() as unprotected:
        if unprotected:
            observer.noticed(unprotected)
        if fresh:
            folder.clear()
        before = _record_before(folder, observer)
        if before and before.has_ended:
            return before
        record = _new_record(config, device, dataset)
        write_text(folder.config, dump_config(config))
        with _failure_recorded(folder, lambda: before or record):  # a network too large for the memory, say
            run = _Run(
                config,
                folder,
                dataset,
                observer,
                record,
                keep_checkpoint=keep_checkpoint,
                checkpoint_seconds=checkpoint_seconds,
            )
            run.resume()
        with _failure_recorded(folder, run.write_record):
            return run.train()


def _record_before(folder: RunFolder, observer: Observer) -> RunRecord | None:
    """Read what an earlier process recorded; where that is lost, a checkpoint does without."""
    found = folder.find_earlier_record()
    if isinstance(found, RunRecord):
        return found
    if found.status == "damaged":
        observer.noticed(f"{found.reason}; it is put aside as {put_aside(folder.record)}")
    return None


def _new_record(config: RunConfig, device: torch.device, dataset: Dataset) -> RunRecord:
    """Make the record of a run that has not begun."""
    return RunRecord(
        name=config.name,
        seed=config.seed,
        config_hash=config_hash(config),
        status="running",
        num_train=config.data.num_train,
        num_parameters=num_parameters(config.model, config.data.facts),
        environment=describe_environment(device, threads=config.train.threads, data_sha256=dataset.sha256),
        pid=os.getpid(),
        host=socket.gethostname(),
    )


@contextmanager
def _failure_recorded(folder: RunFolder, reached: Callable[[], RunRecord]) -> Iterator[None]:
    """Record an error of the run's own code; one of the machine or of the user is no verdict on the run.

    Args:
        folder: The run's folder.
        reached: Gives the record of the run as far as it came.
    """
    try:
        yield
    except (OSError, UsageError):
        raise
    except Exception as error:
        message = str(error).strip().partition("\n")[0] or type(error).__name__
        reached().failed("error", message).write(folder.record)
        raise


class _Run(Observer):
    """A run in this process. It watches its own loop, to write rows and checkpoints.

    Attributes:
        state: What training changes; built from the config and the seed.
        probing: The run's probes, if it has any.
        metrics: metrics.csv.
        probes: probes.csv.
        rows: The epochs so far, as metrics.csv has them.
        ending: How training ended, where the checkpoint is of its end and only run.json was lost.
        began: When the run would have begun, had it never been interrupted.
        saved: When it last wrote a checkpoint.
    """

    def __init__(
        self,
        config: RunConfig,
        folder: RunFolder,
        dataset: Dataset,
        observer: Observer,
        record: RunRecord,
        *,
        keep_checkpoint: bool,
        checkpoint_seconds: float,
    ) -> None:
        self.config, self.folder, self.observer, self.record = config, folder, observer, record
        self.keep_checkpoint, self.checkpoint_seconds = keep_checkpoint, checkpoint_seconds
        torch.set_num_threads(config.train.threads)
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.allow_tf32 = False  # fp32 in the config means fp32
        self.data = prepare(config, dataset, torch.device(record.environment.device))
        self.state = start(config, self.data)
        torch.manual_seed(stream_seed(config.seed, "noise"))  # dropout draws from torch's default generator
        self.probing = Probing.of(config, self.data, self.state.network, self.state.optimizer)
        self.metrics = GrowingFile(folder.metrics, metrics.HEADER)
        self.probes = GrowingFile(folder.probes, probes.HEADER)
        self.rows: list[EpochMetrics] = []
        self.ending: Ending | None = None
        self.began = self.saved = time.monotonic()

    # Before the first step: what an earlier process left

    def resume(self) -> None:
        """Go on from the checkpoint and the rows that belong to it; without one, from the start."""
        self.folder.remove_leftovers()
        self.folder.error.unlink(missing_ok=True)
        checkpoint = self.find_checkpoint()
        self.restore_tables(checkpoint)
        self.rows = metrics.read_rows(self.folder.metrics) if self.metrics.content else []
        earlier: list[Process] = []
        if checkpoint:
            checkpoint.restore(self.state)
            self.ending = checkpoint.ending
            if self.probing:
                self.probing.load_state_dict(checkpoint.probes)
            self.began -= checkpoint.seconds
            earlier = [Process.model_validate(process) for process in checkpoint.processes]
        self.join([process for process in earlier if process.from_step < self.state.step])

    def find_checkpoint(self) -> Checkpoint | None:
        """Read the checkpoint; put one aside that cannot be used."""
        path = self.folder.checkpoint
        try:
            return load_checkpoint(path, self.record.config_hash, self.record.seed)
        except UnusableError as error:
            aside = put_aside(path)
            self.observer.noticed(f"{path}: {error}; it is put aside as {aside}, and the run starts again")
            return None

    def restore_tables(self, checkpoint: Checkpoint | None) -> None:
        """Make the tables hold what the checkpoint says; what they hold beside it goes, damage is told."""
        is_lost = checkpoint is None and not self.folder.record.exists()
        for file in (self.metrics, self.probes):
            kept = checkpoint.rows.get(file.path.name, "").encode() if checkpoint else b""
            holds = file.holds(kept)
            if is_lost and file.path.exists():
                moved = put_aside(file.path)
                self.observer.noticed(f"{file.path}: has no run.json; it is put aside as {moved}")
            elif not holds:
                aside = f", and put aside as {put_aside(file.path)}" if file.path.exists() else ""
                self.observer.noticed(f"{file.path}: is damaged{aside}; its rows stand in the checkpoint too")
            file.restore(kept)

    def join(self, earlier: list[Process]) -> None:
        """Name this process after those that the state comes from; say so where it is another program."""
        process = Process(
            from_step=self.state.step,
            when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            host=socket.gethostname(),
            environment=self.record.environment,
        )
        self.record = self.record.model_copy(update={"processes": (*earlier, process)})
        if earlier and (changes := process.environment.changes_since(earlier[-1].environment)):
            self.observer.noticed(
                f"{self.folder.path}: continues as another program than before ({', '.join(changes)}), which "
                "may move digits: the run is marked mixed; --fresh trains it as one"
            )

    # From the first step to the last

    def train(self) -> RunRecord:
        """Train to the end, to divergence or to the wish to stop, and record which."""
        self.write_record(status="running")
        self.observer.started(self.record)
        if self.probing and not self.probing.has_started:
            self.probing.start()
        return self.finish(self.ending or train(self.config, self.data, self.state, self, self.probing))

    def before_step(self, step: int) -> bool:
        """Save when it is time to; stop when that is wished."""
        goes_on = self.observer.before_step(step)
        if not goes_on or time.monotonic() - self.saved >= self.checkpoint_seconds:
            self.save_checkpoint()
            self.write_record()
            self.saved = time.monotonic()
        return goes_on

    def epoch_done(self, row: EpochMetrics) -> None:
        """Put the epoch on disk."""
        self.metrics.append(row.to_csv())
        self.rows.append(row.as_written())  # a run that goes on reads them from the file
        self.write_probes()
        self.observer.epoch_done(row)

    def write_probes(self) -> None:
        """Put on disk what the probes found since the last time."""
        if self.probing:
            self.probes.append(self.probing.take_lines())

    def save_checkpoint(self) -> str:
        """Write a checkpoint, and before it the rows of the probes that belong to it; return its SHA-256."""
        self.write_probes()
        checkpoint = Checkpoint.take(
            self.state,
            self.record,
            ending=self.ending,
            seconds=time.monotonic() - self.began,
            rows={file.path.name: file.content.decode() for file in (self.metrics, self.probes)},
            probes=self.probing.state_dict() if self.probing else None,
        )
        return save_checkpoint(self.folder.checkpoint, checkpoint)

    def write_record(self, **changes: object) -> RunRecord:
        """Write run.json with the state of this moment."""
        step, seconds = self.state.step, self.state.train_seconds
        progress: dict[str, object] = {
            "epochs_completed": self.rows[-1].epoch if self.rows else 0,
            "steps_completed": step,
            "images_per_second": step * self.config.train.batch_size / seconds if seconds else None,
            "seconds": time.monotonic() - self.began,
        }
        if changes.get("status", "running") != "running":
            progress |= {"pid": None, "host": None}
        self.record = self.record.model_copy(update=progress | changes)
        self.record.write(self.folder.record)
        return self.record

    # After the last step

    def finish(self, ending: Ending) -> RunRecord:
        """Read the test set, once, and close the folder."""
        if ending == "stopped":
            return self.write_record(status="interrupted", best=best_epoch(self.rows))
        keep = self.keep_checkpoint or self.ending is not None  # at its end, it was to be kept
        self.ending = ending
        # First: whoever goes on from it reads the test set and asks the probes again, and gets the same.
        weights = self.save_checkpoint() if keep else None
        ended = describe_ending(self.config, self.data, self.state, self.rows, ending)
        if self.probing and ended["status"] == "done":
            self.probing.end(self.data.test)
        self.write_probes()
        self.write_record(**ended, files=self.checksums(weights))
        if not keep:
            self.folder.checkpoint.unlink(missing_ok=True)
        return self.record

    def checksums(self, weights: str | None) -> dict[str, str]:
        """Hash what was written; the weights have been."""
        found = {self.folder.config.name: sha256(read_bytes(self.folder.config)).hexdigest()}
        found |= {
            file.path.name: sha256(file.content).hexdigest()
            for file in (self.metrics, self.probes)
            if file.content
        }
        return found | ({self.folder.checkpoint.name: weights} if weights else {})
