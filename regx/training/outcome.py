"""What a run comes to: final metrics, the best epoch, whether anything was learned."""

import math
from collections.abc import Sequence

from torch import nn

from regx.config import RunConfig
from regx.config.sections.model import FixedMask
from regx.data.images import RunData
from regx.runs.metrics import EpochMetrics, best_row
from regx.runs.record import Best, Failure, Final, Note
from regx.training.evaluate import evaluate, fresh_batch_norm, weights_of
from regx.training.loop import Ending, TrainState

__all__ = ["best_epoch", "describe_ending"]


def describe_ending(
    config: RunConfig, data: RunData, state: TrainState, rows: Sequence[EpochMetrics], ending: Ending
) -> dict[str, object]:
    """Say how a run ended, in the words of run.json. The test set is read here, once.

    Args:
        config: Of the run.
        data: Its images.
        state: The state at the end.
        rows: The epochs that were evaluated.
        ending: How training ended, unless it was stopped from outside.
    """
    best = best_epoch(rows)
    if ending == "hopeless":
        last, rule = rows[-1], config.train.stop_if
        assert rule is not None
        limit = f"train.stop_if ends a run above {rule.train_loss_above:g}"
        message = f"the training loss is {last.train_loss:.3g} after epoch {last.epoch}; {limit}"
        return {"status": "stopped", "best": best, "note": Note(kind="no_learning", message=message)}
    final = _final_metrics(config, data, state.network, rows[-1]) if ending == "finished" else None
    if final is None:
        failure = Failure(
            kind="non_finite",
            message="a loss or a weight became infinite or NaN",
            epoch=state.step // config.steps_per_epoch,
            step=state.step,
        )
        return {"status": "diverged", "best": best, "failure": failure}
    ended: dict[str, object] = {"status": "done", "final": final}
    ended["best"] = _best_metrics(config, data, state, final, best) if best else None
    if complaint := _learned_nothing(final, config.data.facts.num_classes):
        ended["note"] = Note(kind="no_learning", message=complaint)
    return ended


def _final_metrics(config: RunConfig, data: RunData, network: nn.Module, last: EpochMetrics) -> Final | None:
    """Read the test set with the network of the last epoch; None where its loss is not finite."""
    test_loss, test_error = _test(config, data, network)
    if not math.isfinite(test_loss):
        return None
    return Final(
        train_loss=last.train_loss,
        train_error=last.train_error,
        valid_loss=last.valid_loss,
        valid_error=last.valid_error,
        test_loss=test_loss,
        test_error=test_error,
    )


def best_epoch(rows: Sequence[EpochMetrics]) -> Best | None:
    """Record the epoch with the lowest validation error; None without epochs."""
    row = best_row(rows)
    if row is None:
        return None
    return Best(epoch=row.epoch, valid_loss=row.valid_loss, valid_error=row.valid_error)


def _best_metrics(config: RunConfig, data: RunData, state: TrainState, final: Final, best: Best) -> Best:
    """Read the test set with the weights of the best epoch too; where that is the last, it has been read.

    Without a test loss stay a loss that is not finite, and an epoch before the dropout masks were fixed:
    its network cannot be put together again.
    """
    if best.epoch == config.train.epochs:
        return best.model_copy(update={"test_loss": final.test_loss, "test_error": final.test_error})
    mask = config.model.drop_mask
    if isinstance(mask, FixedMask) and best.epoch < mask.from_epoch:
        return best
    with weights_of(state.network, state.best):
        test_loss, test_error = _test(config, data, state.network)
    if not math.isfinite(test_loss):
        return best
    return best.model_copy(update={"test_loss": test_loss, "test_error": test_error})


def _test(config: RunConfig, data: RunData, network: nn.Module) -> tuple[float, float]:
    """Take loss and error on the test images, batch norm re-estimated as for any evaluation."""
    with fresh_batch_norm(network, data.train, config.train.bn_reestimate_images):
        return evaluate(network, data.test)


def _learned_nothing(final: Final, num_classes: int) -> str | None:
    """Say so where a network guesses after its whole budget; None where it has learned something.

    Source:
        None: that the training loss must fall below nine tenths of ln K is our choice.
    """
    guessing = math.log(num_classes)
    if final.train_loss <= 0.9 * guessing:
        return None
    return f"the training loss is {final.train_loss:.3g} at the end; guessing gives {guessing:.3g}"
