"""How long a sweep will take, from throughput that was measured: in finished runs, else here and now."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from regx.config import RunConfig
from regx.runs.table import Run
from regx.sweeps.jobs import Job

__all__ = ["Estimate", "estimate", "kind_of"]

MAX_PROBES = 12
OVERHEAD_SECONDS = 0.1  # of a run, beside training and evaluation
Speed = tuple[float, float]  # seconds per image trained on, and per image evaluated


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What the jobs of a sweep will cost.

    Attributes:
        seconds: Wall-clock time with all workers busy.
        num_measured: Kinds of network whose speed finished runs tell.
        num_probed: Kinds whose speed was measured just now.
    """

    seconds: float
    num_measured: int
    num_probed: int


def estimate(
    jobs: Sequence[Job], finished: Sequence[Run], num_workers: int, probe: Callable[[RunConfig], Speed]
) -> Estimate:
    """Add up what is left to train.

    Args:
        jobs: What is left.
        finished: Runs of the same sweep whose rows tell how fast their network is.
        num_workers: Runs trained at the same time.
        probe: Measures a network that no finished run tells of, in seconds per image.
    """
    speeds = {kind_of(run.config): _speed(run) for run in finished if run.rows}
    num_measured = len(speeds)
    for job in jobs:
        kind = kind_of(job.config)
        if kind not in speeds and len(speeds) - num_measured < MAX_PROBES:
            speeds[kind] = probe(job.config)
    slowest = max(speeds.values(), default=(0.0, 0.0))
    total = sum(_seconds(job.config, speeds.get(kind_of(job.config), slowest)) for job in jobs)
    longest = max(
        (_seconds(job.config, speeds.get(kind_of(job.config), slowest)) for job in jobs), default=0.0
    )
    return Estimate(
        seconds=max(longest, total / num_workers),
        num_measured=num_measured,
        num_probed=len(speeds) - num_measured,
    )


def kind_of(config: RunConfig) -> str:
    """Name what sets the speed of a run: rates and momentum do not, a dropout layer does, its rate not."""
    model = config.model.model_dump(mode="json", exclude={"init"})
    drops = {slot: bool(value) and value != 0 for slot, value in model.pop("drop_prob").items()}
    train = config.train.model_dump(mode="json", include={"batch_size", "precision", "threads"})
    rest = [config.data.name, config.device, config.optim.max_norm is not None]
    return json.dumps([model, drops, train, rest], sort_keys=True)


def _speed(run: Run) -> Speed:
    last = run.rows[-1]
    trained = last.step * run.config.train.batch_size
    return last.train_seconds / trained, last.eval_seconds / (len(run.rows) * _num_evaluated(run.config))


def _num_evaluated(config: RunConfig) -> int:
    """Count the images that an epoch's evaluation passes through the network."""
    valid = config.data.facts.num_valid * (2 if config.model.batch_norm else 1)
    return valid + config.data.num_train_slice


def _seconds(config: RunConfig, speed: Speed) -> float:
    trained = config.num_steps * config.train.batch_size
    evaluations = config.num_evaluations(config.train.epochs)
    evaluated = evaluations * _num_evaluated(config) + config.data.facts.num_test
    return OVERHEAD_SECONDS + trained * speed[0] + evaluated * speed[1]
