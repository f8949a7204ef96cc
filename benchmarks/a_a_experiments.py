"""Experiments whose two arms are equal, with a claim for every measure that some arm is better.

The arms see the same images in the same order from the same initial weights, as arms of one seed always do.
What makes them two is noise: `b` also drops a pixel of the input in a billion, which drops none, but takes
numbers out of the stream from which the masks of the hidden units are drawn. Every number of theirs has the
same distribution, so its expected difference is exactly 0.

The extra layer costs time. `twin` sets what an MLP does not have: it is trained bit for bit like `a`, and
only the clock tells the two apart, so times are compared with that one.
"""

from collections.abc import Iterator
from typing import Any

from regx.measures.run import RUN_MEASURES

__all__ = ["BASE", "SEEDS", "TINY", "experiments_of"]

SEEDS = 10
TINY = 1e-9  # a smallest effect that never decides: what is left is the test
TARGET = "95% of a"
TRAIN_LOSS = 0.3

BASE: dict[str, Any] = {
    "name": "base",
    "data": {"name": "digits", "train_size": 300},
    "model": {"family": "mlp", "hidden_sizes": [32], "drop_prob": {"hidden": 0.2}},
    "optim": {"lr": 0.1, "momentum": 0.9},
    "train": {"epochs": 8, "batch_size": 50, "threads": 1},
    "device": "cpu",
}
ARMS = {"a": {}, "b": {"model.drop_prob.input": 1e-9}}
TWIN = {"model.conv_drop": "element"}
TIMES = ("seconds_to_target", "images_per_second", "train_seconds")
PROBES = ("activation_drift", "co_adaptation", "movement", "settling")
PROBED = (
    *("drift_rate_raw", "drift_rate_output"),
    *("subset_readout_accuracy", "interaction_index", "mean_abs_correlation"),
    *("participation_ratio", "mean_activation", "quiet_share"),
    *("step_shrinkage", "late_displacement", "late_train_loss_sd", "churn"),
)
# As many as the smaller of the two registered families has.
FAMILY = (
    *("loss_gap", "best_epoch_test_error", "steps_to_target", "valid_accuracy_area", "matched_gap"),
    *("test_error", "test_loss", "train_loss", "final_valid_accuracy"),
)
LADDER = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)

Claim = dict[str, Any]


def experiments_of(repetition: int) -> dict[str, dict[str, Any]]:
    """Return the experiments of one repetition by name; no seed serves two repetitions.

    `same_rate`: b takes the learning rate that was tuned for a, so the arms are equal. `own_rate`: each is
    tuned on the same two seeds, as in real experiments, and the noise of those may give them different rates.
    """
    first = (SEEDS + 2) * repetition
    seeds = {"seeds": [*range(first, first + SEEDS)]}
    tune = {
        "over": {"optim.lr": [0.05, 0.1, 0.2]},
        "seeds": [first + SEEDS, first + SEEDS + 1],
        "extend": [],
    }
    same = {**ARMS, "twin": TWIN}
    follow = {"follow": {"b": "a", "twin": "a"}}
    probed = {"probes": [*PROBES]}
    ladder = {"grid": {"optim.lr": [*LADDER]}, "set": {"train.epochs": 2}}
    return {
        "same_rate": _experiment("S", same, [*_of_runs(), *_compound()], **seeds, tune=tune | follow),
        "own_rate": _experiment("O", ARMS, [*_of_runs(times=False)], **seeds, tune=tune),
        "probes": _experiment("P", ARMS, [*_of_probes()], **seeds, set=probed),
        "ladder": _experiment("L", ARMS, [*_of_ladder()], **seeds, **ladder),
    }


def _experiment(letter: str, arms: dict[str, Any], claims: list[Claim], **keys: Any) -> dict[str, Any]:
    """Number the claims; each is a family of its own unless it says otherwise."""
    numbered = []
    for number, claim in enumerate(claims):
        name = f"{letter}{number:03}"
        numbered.append({"id": name, "family": name, "source": "a claim that is false", **claim})
    for claim in numbered:
        if claim.pop("is_setting", False):  # of the claim before
            before = numbered[numbered.index(claim) - 1]
            before["any_of"], claim["part_of"] = [claim["id"]], before["id"]
    return {"question": "Is an arm better than itself?", "arms": arms, **keys, "claims": numbered}


def _claim(rule: str, measure: str, contrast: str = "a - b", **keys: Any) -> Claim:
    needs = {"target": TARGET} if _needs(measure) == "target" else {}
    needs |= {"train_loss": TRAIN_LOSS} if _needs(measure) == "train_loss" else {}
    return {"says": f"{rule}: {measure}", "measure": measure, "contrast": contrast, **needs, **keys}


def _needs(measure: str) -> str:
    name = measure.removesuffix(")").rpartition("(")[2]
    return RUN_MEASURES[name].needs if name in RUN_MEASURES else ""


def _of_runs(*, times: bool = True) -> Iterator[Claim]:
    """Claim of every measure of runs that there is an effect, and one that matters."""
    for name in RUN_MEASURES:
        if name not in TIMES or times:
            contrast = "a - twin" if name in TIMES else "a - b"
            yield _claim("any effect", name, contrast, smallest_effect=TINY)
            if name != "diverged":  # 10 % of nothing
                yield _claim("10 % of a", name, contrast, smallest_effect="10% of a")


def _compound() -> Iterator[Claim]:
    """Claim the other forms: two parts, margins, a choice of two settings, many censored times, a family."""
    two = ({"measure": "loss_gap", "contrast": "a - b", "smallest_effect": TINY},)
    yield _claim("two parts, any effect", "test_error", smallest_effect=TINY, **{"and": [*two]})
    kept = ({"measure": "test_loss", "contrast": "a - b", "not_worse_than": 0.02},)
    yield _claim("an effect and no loss", "loss_gap", smallest_effect="10% of a", **{"and": [*kept]})
    for name in FAMILY:
        yield _claim("not worse by a hair", name, not_worse_than=TINY)
        yield _claim("equal to a hair", name, within=TINY)
    for name in ("loss_gap", "steps_to_target"):
        yield _claim("one of two settings", name, smallest_effect=TINY)
        setting = _claim(
            "", "test_error" if name == "loss_gap" else "best_epoch_test_loss", smallest_effect=TINY
        )
        yield {key: value for key, value in setting.items() if key != "says"} | {"is_setting": True}
    reserve = {"measure": "valid_accuracy_area", "contrast": "b - a", "smallest_effect": TINY}
    late = {"smallest_effect": TINY, "if_censored": reserve}
    yield _claim("a target that many miss", "steps_to_target", **late) | {"target": "99.5% of a"}
    for name in FAMILY:
        yield _claim("a family of 9", name, smallest_effect=TINY, family="nine")


def _of_probes() -> Iterator[Claim]:
    for name in PROBED:
        yield _claim("any effect", name, smallest_effect=TINY)
        yield _claim("ln 1.05", name, "ln(a / b)", smallest_effect="ln 1.05")


def _of_ladder() -> Iterator[Claim]:
    """Claim of what moves on a grid, in doublings where it is a learning rate."""
    calm = {"cells": {"optim.lr": [rate for rate in LADDER if rate <= 0.5]}}
    for name in ("lr_max", "lr_star", "lr_min"):
        for rule, amount in (("any effect", TINY), ("a doubling", 1)):
            yield _claim(rule, name, "log2(a / b)", smallest_effect=amount, grid_step=1)
    for rule, amount in (("any effect", TINY), ("a doubling", 1)):
        yield _claim(rule, "stable_width", smallest_effect=amount, grid_step=1)
    yield _claim("any effect", "optimum(final_valid_loss)", smallest_effect=TINY, **calm)
    yield _claim("any effect", "range(final_valid_accuracy)", smallest_effect=TINY)
    yield _claim("any effect", "largest(final_valid_error)", smallest_effect=TINY, **calm)
    yield _claim("any effect", "smallest(final_valid_loss)", smallest_effect=TINY, **calm)
    yield _claim("any effect", "smallest(steps_to_train_loss)", smallest_effect=TINY) | {"train_loss": 0.6}
    reference = {"reference": {"optim.lr": 0.125}}
    yield _claim("any effect", "drop(final_valid_accuracy)", smallest_effect=TINY, **reference)
