"""One run from its config to its folder: start or resume, train, test once, record."""

import os
import socket
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

import torch

from regx.config import RunConfig, config_hash, dump_config
from regx.config.errors import UsageError
from regx.config.shapes import num_parameters
from regx.data.load import Dataset
from regx.models.network import build_model
from regx.reading import read_bytes
from regx.runs import metrics, probes
from regx.runs.files import GrowingFile, put_aside, write_text
from regx.runs.folder import RunFolder
from regx.runs.metrics import EpochMetrics
from regx.runs.record import Best, Failure, Final, Note, Process, RunRecord
from regx.training.checkpoint import Checkpoint, UnusableError, load_checkpoint, save_checkpoint
from regx.training.environment import describe_environment, resolve_device
from regx.training.evaluate import zero_sum
from regx.training.interventions import hold_reference_
from regx.training.loop import Ending, TrainState, train
from regx.training.optim import Sgd
from regx.training.outcome import best_epoch, best_metrics, final_metrics, hopeless, learned_nothing
from regx.training.prepare import RunData, prepare
from regx.training.probing import Probing
from regx.training.seeding import generator, stream_seed

__all__ = ["Observer", "RunOptions", "StopRequest", "train_run"]


class Observer(Protocol):
    """Sees a run go by. The core itself never prints."""

    def noticed(self, message: str) -> None:
        """Something is to be known of this run that no number shows: one line."""
        ...

    def started(self, record: RunRecord) -> None:
        """Training begins, or goes on, at `record.steps_completed`."""
        ...

    def stepped(self, step: int) -> None:
        """A step is about to be taken; `step` are complete."""
        ...

    def epoch_done(self, row: EpochMetrics) -> None:
        """An epoch is complete and on disk."""
        ...


class StopRequest(Protocol):
    """A wish to stop, set by a signal handler, say, and read between two steps."""

    @property
    def wanted(self) -> bool:
        """Whether to stop."""
        ...


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What does not change the result.

    Attributes:
        fresh: Throw away what the folder holds and begin again.
        keep_checkpoint: Keep checkpoint.pt after the end.
        checkpoint_seconds: Time between two checkpoints.
        stop: Asked between two steps; when set, the run is saved and ends as interrupted.
    """

    fresh: bool = False
    keep_checkpoint: bool = False
    checkpoint_seconds: float = 30.0
    stop: StopRequest | None = None


def train_run(
    config: RunConfig, folder: RunFolder, dataset: Dataset, observer: Observer, options: RunOptions
) -> RunRecord:
    """Train one run in its folder, going on from what an earlier process left there.

    A run that is done or diverged is not trained again. The metrics of a resumed run are the same bytes as
    those of a run that was never interrupted, on the same machine, versions and threads.

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
        if options.fresh:
            folder.clear()
        before = _record_before(folder, observer)
        if before and before.has_ended:
            return before
        record = _describe(config, device, dataset)
        write_text(folder.config, dump_config(config))
        try:
            run = _Run.begin(config, folder, device, dataset, observer, options, record)
        except (OSError, UsageError):
            raise
        except Exception as error:  # a network too large for the memory, say
            _failed(before or record, error).write(folder.record)
            raise
        return run.execute()


def _describe(config: RunConfig, device: torch.device, dataset: Dataset) -> RunRecord:
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


def _record_before(folder: RunFolder, observer: Observer) -> RunRecord | None:
    """Read what an earlier process recorded; where that is lost, a checkpoint does without."""
    if not folder.record.exists():
        return None
    try:
        return folder.read_record()
    except ValueError as error:
        if not folder.can_go_on():
            raise
        observer.noticed(f"{error}; it is put aside as {put_aside(folder.record)}")
        return None


def _failed(record: RunRecord, error: Exception) -> RunRecord:
    """Say where a run stood when its code raised."""
    return record.failed("error", str(error).strip().partition("\n")[0] or type(error).__name__)


@dataclass
class _Run:
    """A run in this process; watches the loop to write rows and checkpoints."""

    config: RunConfig
    folder: RunFolder
    observer: Observer
    options: RunOptions
    data: RunData
    state: TrainState
    record: RunRecord
    probing: Probing | None
    ending: Ending | None = None  # where the checkpoint is of the end, and only run.json was lost
    metrics: GrowingFile = field(init=False)
    probes: GrowingFile = field(init=False)
    rows: list[EpochMetrics] = field(init=False)
    began: float = field(default_factory=time.monotonic)
    saved: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.metrics = GrowingFile(self.folder.metrics, metrics.HEADER)
        self.probes = GrowingFile(self.folder.probes, probes.HEADER)

    @classmethod
    def begin(
        cls,
        config: RunConfig,
        folder: RunFolder,
        device: torch.device,
        dataset: Dataset,
        observer: Observer,
        options: RunOptions,
        record: RunRecord,
    ) -> "_Run":
        """Build everything from the config and the seed, then lay the checkpoint over it, if there is one."""
        torch.set_num_threads(config.train.threads)
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.allow_tf32 = False  # fp32 in the config means fp32
        data = prepare(config, dataset, device)
        network = build_model(
            config.model, config.data.facts, lambda name: generator(config.seed, f"init/{name}")
        )
        network.to(device)
        hold_reference_(network, data.train)
        state = TrainState(
            network=network, optimizer=Sgd(network, config.optim), running_loss=zero_sum(device)
        )
        torch.manual_seed(stream_seed(config.seed, "noise"))  # dropout draws from torch's default generator
        probing = Probing.of(config, data, network, state.optimizer)
        run = cls(config, folder, observer, options, data, state, record, probing)
        run.resume()
        return run

    def resume(self) -> None:
        """Go on from the checkpoint and the rows that belong to it; without one, from the start."""
        self.folder.remove_leftovers()
        self.folder.error.unlink(missing_ok=True)
        checkpoint = self.checkpoint()
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
        self.rows = metrics.read_rows(self.folder.metrics) if self.metrics.content else []
        earlier: tuple[Process, ...] = ()
        if checkpoint:
            checkpoint.restore(self.state)
            self.ending = checkpoint.ending
            if self.probing:
                self.probing.load_state_dict(checkpoint.probes)
            self.began -= checkpoint.seconds
            earlier = tuple(Process.model_validate(process) for process in checkpoint.processes)
        self.join(earlier)

    def checkpoint(self) -> Checkpoint | None:
        """Read the checkpoint; put one aside that cannot be used."""
        path = self.folder.checkpoint
        try:
            return load_checkpoint(path, self.record.config_hash, self.record.seed)
        except UnusableError as error:
            aside = put_aside(path)
            self.observer.noticed(f"{path}: {error}; it is put aside as {aside}, and the run begins anew")
            return None

    def join(self, earlier: tuple[Process, ...]) -> None:
        """Name this process after those that the state comes from; say so where it is another program."""
        earlier = tuple(process for process in earlier if process.from_step < self.state.step)
        process = Process(
            from_step=self.state.step,
            when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            host=socket.gethostname(),
            environment=self.record.environment,
        )
        self.record = self.record.model_copy(update={"processes": (*earlier, process)})
        if earlier and (changes := process.environment.changes_since(earlier[-1].environment)):
            self.observer.noticed(
                f"{self.folder.path}: goes on as another program than before ({', '.join(changes)}), which "
                "may move digits: the run is marked mixed; --fresh trains it as one"
            )

    def execute(self) -> RunRecord:
        """Train to the end, to divergence or to the wish to stop, and record which."""
        self.write_record(status="running")
        self.observer.started(self.record)
        try:
            if self.probing and not self.probing.has_started:
                self.probing.start()
            ending = self.ending or train(self.config, self.data, self.state, self, self.probing)
            return self.finish(ending)
        except (OSError, UsageError):  # the machine's fault, or the user's: no verdict on the run
            raise
        except Exception as error:
            _failed(self.write_record(), error).write(self.folder.record)
            raise

    def before_step(self, state: TrainState) -> bool:
        """Save when it is time to; stop when that is wished."""
        self.observer.stepped(state.step)
        if self.options.stop and self.options.stop.wanted:
            self.save()
            return False
        if time.monotonic() - self.saved >= self.options.checkpoint_seconds:
            self.save()
        return True

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

    def save(self) -> None:
        """Write a checkpoint; the run goes on."""
        self.save_checkpoint()
        self.write_record()
        self.saved = time.monotonic()

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

    def finish(self, ending: Ending) -> RunRecord:
        """Read the test set, once, and close the folder."""
        if ending == "stopped":
            return self.write_record(status="interrupted", best=best_epoch(self.rows))
        keep = self.options.keep_checkpoint or self.ending is not None  # at its end, it was to be kept
        self.ending = ending
        # First: whoever goes on from it reads the test set and asks the probes again, and gets the same.
        weights = self.save_checkpoint() if keep else None
        final = None
        if ending == "finished":
            final = final_metrics(self.config, self.data, self.state.network, self.rows[-1])
        if self.probing and final is not None:
            self.probing.end(self.data.test)
        self.write_probes()
        self.close(final, weights)
        if not keep:
            self.folder.checkpoint.unlink(missing_ok=True)
        return self.record

    def close(self, final: Final | None, weights: str | None) -> None:
        """Record how the run ended, and vouch for its files."""
        outcome: dict[str, object] = {"status": "done", "final": final, "best": self.best(final)}
        if self.rows and (reason := hopeless(self.config, self.rows[-1])):
            outcome |= {"status": "stopped", "note": Note(kind="no_learning", message=reason)}
        elif final is None:
            failure = Failure(
                kind="non_finite",
                message="a loss or a weight became infinite or NaN",
                epoch=self.state.step // self.config.steps_per_epoch,
                step=self.state.step,
            )
            outcome |= {"status": "diverged", "failure": failure}
        elif complaint := learned_nothing(final, self.config.data.facts.num_classes):
            outcome["note"] = Note(kind="no_learning", message=complaint)
        self.write_record(**outcome, files=self.checksums(weights))

    def checksums(self, weights: str | None) -> dict[str, str]:
        """Hash what was written; the weights have been."""
        found = {self.folder.config.name: sha256(read_bytes(self.folder.config)).hexdigest()}
        found |= {
            file.path.name: sha256(file.content).hexdigest()
            for file in (self.metrics, self.probes)
            if file.content
        }
        return found | ({self.folder.checkpoint.name: weights} if weights else {})

    def best(self, final: Final | None) -> Best | None:
        """Record the best epoch; where the run came to its end, with its test metrics."""
        best = best_epoch(self.rows)
        if best is None or final is None:
            return best
        return best_metrics(self.config, self.data, self.state.network, self.state.best, final, best)

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
