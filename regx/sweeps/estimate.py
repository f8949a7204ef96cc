"""How long a sweep will take, from throughput that was measured: in finished runs, else here and now."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from regx.config import RunConfig
from regx.runs.load import Run
from regx.sweeps.driver import Plan
from regx.sweeps.ledger import Ledger

__all__ = ["Estimate", "estimate"]

MAX_PROBES = 12
OVERHEAD_SECONDS = 0.1  # of a run, beside training and evaluation
Speed = tuple[float, float]  # seconds per image trained on, and per image evaluated


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What the jobs of a sweep will cost.

    Attributes:
        seconds: Wall-clock time with all workers busy.
        num_measured: Networks whose speed finished runs tell.
        num_probed: Networks whose speed was measured just now.
    """

    seconds: float
    num_measured: int
    num_probed: int


def estimate(plans: Sequence[Plan], ledger: Ledger, num_workers: int) -> Estimate | None:
    """Add up what is left to train.

    Args:
        plans: What is left, and what has ended: its rows tell how fast its networks are.
        ledger: Of the runs.
        num_workers: Runs trained at the same time.

    Returns:
        None where nothing is left.
    """
    from regx.training.speed import measure_speed

    left = {job.folder: job for plan in plans for job in plan.left}
    if not left:
        return None
    jobs = [job for plan in plans for job in plan.jobs]
    ended = {_network(job.config): job for job in jobs if job.folder not in left}
    finished = {network: ledger.load(job) for network, job in ended.items()}  # one of each tells its speed
    speeds = {network: _speed(run) for network, run in finished.items() if run.rows}
    num_measured = len(speeds)
    for job in left.values():
        network = _network(job.config)
        if network not in speeds and len(speeds) - num_measured < MAX_PROBES:
            speeds[network] = measure_speed(job.config)
    slowest = max(speeds.values())
    seconds = [_seconds(job.config, speeds.get(_network(job.config), slowest)) for job in left.values()]
    return Estimate(
        seconds=max(*seconds, sum(seconds) / num_workers),
        num_measured=num_measured,
        num_probed=len(speeds) - num_measured,
    )


def _network(config: RunConfig) -> str:
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
