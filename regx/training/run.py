"""One run from its config to its folder: start or resume, train, test once, record."""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch

from regx.config import RunConfig, config_hash, dump_config
from regx.config.errors import UsageError
from regx.config.shapes import num_parameters
from regx.data import Dataset
from regx.models import build_model
from regx.runs.files import write_text
from regx.runs.folder import RunFolder
from regx.runs.metrics import EpochMetrics, append_row, read_rows, truncate_rows
from regx.runs.probes import truncate_values
from regx.runs.record import Best, Failure, Final, RunRecord
from regx.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from regx.training.device import resolve_device
from regx.training.environment import describe_environment
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
        noticed: Told what a user should know of, in one line.
    """

    fresh: bool = False
    keep_checkpoint: bool = False
    checkpoint_seconds: float = 30.0
    stop: StopRequest | None = None
    noticed: Callable[[str], None] = lambda _: None


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
            options.noticed(unprotected)
        if options.fresh:
            for path in (
                folder.record,
                folder.metrics,
                folder.probes,
                folder.checkpoint,
                folder.curves,
                folder.error,
            ):
                path.unlink(missing_ok=True)
        before = folder.read_record() if folder.record.exists() else None
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


def _failed(record: RunRecord, error: Exception) -> RunRecord:
    """Say where a run stood when its code raised."""
    message = str(error).strip().partition("\n")[0] or type(error).__name__
    failure = Failure(
        kind="error", message=message, epoch=record.epochs_completed, step=record.steps_completed
    )
    return record.model_copy(update={"status": "failed", "failure": failure, "pid": None, "host": None})


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
    began: float = field(default_factory=time.monotonic)
    saved: float = field(default_factory=time.monotonic)

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
        """Go on from the checkpoint and the rows that belong to it; without both, from the start."""
        self.folder.remove_leftovers()
        self.folder.error.unlink(missing_ok=True)
        checkpoint = load_checkpoint(self.folder.checkpoint, self.record.config_hash)
        epochs = checkpoint.step // self.config.steps_per_epoch if checkpoint else 0
        num_rows = self.config.num_evaluations(epochs)
        truncate_rows(self.folder.metrics, num_rows)
        if checkpoint is None or not self.has_rows(num_rows) or not self.keep_probe_rows(checkpoint):
            truncate_rows(self.folder.metrics, 0)
            truncate_values(self.folder.probes, 0)
            return
        checkpoint.restore(self.state)
        if self.probing:
            self.probing.load_state_dict(checkpoint.probes)
        self.began -= checkpoint.seconds

    def keep_probe_rows(self, checkpoint: Checkpoint) -> bool:
        """Keep the rows of probes that belong to the checkpoint; False where they are gone."""
        try:
            truncate_values(self.folder.probes, checkpoint.probes.get("num_written", 0))
        except ValueError:
            return False
        return True

    def has_rows(self, number: int) -> bool:
        """Whether so many rows are there and whole; what a disk damaged is trained again."""
        try:
            return len(self.rows()) == number
        except ValueError:
            return False

    def rows(self) -> list[EpochMetrics]:
        """Read the epochs that were evaluated."""
        path = self.folder.metrics
        return read_rows(path) if path.exists() and path.stat().st_size else []

    def execute(self) -> RunRecord:
        """Train to the end, to divergence or to the wish to stop, and record which."""
        self.write_record(status="running")
        self.observer.started(self.record)
        try:
            if self.probing and not self.probing.has_started:
                self.probing.start()
            ending = train(self.config, self.data, self.state, self, self.probing)
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
        append_row(self.folder.metrics, row)
        if self.probing:
            self.probing.write(self.folder)
        self.observer.epoch_done(row)

    def save(self) -> None:
        """Write a checkpoint, and before it the rows of the probes that belong to it."""
        probes = None
        if self.probing:
            self.probing.write(self.folder)
            probes = self.probing.state_dict()
        checkpoint = Checkpoint.take(
            self.state, self.record.config_hash, seconds=time.monotonic() - self.began, probes=probes
        )
        save_checkpoint(self.folder.checkpoint, checkpoint)
        self.write_record()
        self.saved = time.monotonic()

    def finish(self, ending: Ending) -> RunRecord:
        """Read the test set, once, and close the folder."""
        if ending == "stopped":
            return self.write_record(status="interrupted", best=best_epoch(self.rows()))
        final = None
        if ending == "finished":
            final = final_metrics(self.config, self.data, self.state.network, self.rows()[-1])
        if self.probing:
            if final is not None:
                self.probing.end(self.data.test)
            self.probing.write(self.folder)
        self.close(final)
        if self.options.keep_checkpoint:
            self.save()
        else:
            self.folder.checkpoint.unlink(missing_ok=True)
        return self.record

    def close(self, final: Final | None) -> None:
        """Record the final metrics; a network that blew up, or has learned nothing, has diverged."""
        failure, rows = None, self.rows()
        if rows and (reason := hopeless(self.config, rows[-1])):
            failure = self.failure("no_learning", reason)
        elif final is None:
            failure = self.failure("non_finite", "a loss or a weight became infinite or NaN")
        elif complaint := learned_nothing(final, self.config.data.facts.num_classes):
            failure = self.failure("no_learning", complaint)
        status = "diverged" if failure else "done"
        self.write_record(status=status, final=final, best=self.best(rows, final), failure=failure)

    def best(self, rows: list[EpochMetrics], final: Final | None) -> Best | None:
        """Record the best epoch; where the run came to its end, with its test metrics."""
        best = best_epoch(rows)
        if best is None or final is None:
            return best
        return best_metrics(self.config, self.data, self.state.network, self.state.best, final, best)

    def failure(self, kind: str, message: str) -> Failure:
        """Say where the run stood when it failed."""
        epochs = self.state.step // self.config.steps_per_epoch
        return Failure.model_validate(
            {"kind": kind, "message": message, "epoch": epochs, "step": self.state.step}
        )

    def write_record(self, **changes: object) -> RunRecord:
        """Write run.json with the state of this moment."""
        step, seconds, rows = self.state.step, self.state.train_seconds, self.rows()
        progress: dict[str, object] = {
            "epochs_completed": rows[-1].epoch if rows else 0,
            "steps_completed": step,
            "images_per_second": step * self.config.train.batch_size / seconds if seconds else None,
            "seconds": time.monotonic() - self.began,
        }
        if changes.get("status", "running") != "running":
            progress |= {"pid": None, "host": None}
        self.record = self.record.model_copy(update=progress | changes)
        self.record.write(self.folder.record)
        return self.record
