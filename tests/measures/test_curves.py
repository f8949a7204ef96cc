"""Each measure against a value computed by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regx.measures.curves import (
    area_under_curve,
    matched_gap,
    overtraining_index,
    smoothed_valid_error,
    time_to_target,
    time_to_train_loss,
)
from regx.runs.metrics import EpochMetrics


def epochs(**columns: list[float]) -> list[EpochMetrics]:
    """Make rows of 10 steps and 2 seconds an epoch; columns that are not given are 0."""
    length = len(next(iter(columns.values())))
    rows = []
    for index in range(length):
        given_cells = {name: values[index] for name, values in columns.items()}
        cells = {
            "lr": 0.1,
            "momentum": 0.0,
            "train_loss": 0.0,
            "train_error": 0.0,
            "train_loss_running": 0.0,
            "valid_loss": 0.0,
            "valid_error": 0.0,
            "train_seconds": 2.0 * (index + 1),
            "eval_seconds": 0.0,
        } | given_cells
        rows.append(EpochMetrics(epoch=index + 1, step=10 * (index + 1), **cells))
    return rows


def test_overtraining_index_is_the_rise_from_the_lowest_loss() -> None:
    assert overtraining_index(epochs(valid_loss=[0.9, 0.5, 0.8])) == pytest.approx(0.3)
    assert overtraining_index(epochs(valid_loss=[0.9, 0.5, 0.4])) == 0.0
    assert overtraining_index([]) is None


def test_matched_gap_is_interpolated_in_the_training_loss() -> None:
    rows = epochs(train_loss=[1.0, 0.6, 0.2], valid_loss=[1.1, 0.9, 1.0])
    # training loss 0.3 is three quarters of the way from 0.6 to 0.2: validation 0.975
    assert matched_gap(rows, 0.3) == pytest.approx(0.675)
    assert matched_gap(rows, 1.5) == pytest.approx(0.1)  # there from the first epoch on
    assert matched_gap(rows, 0.1) is None


def test_matched_gap_takes_the_first_moment() -> None:
    rows = epochs(train_loss=[1.0, 0.5, 0.9, 0.5], valid_loss=[1.0, 0.7, 0.9, 2.0])
    assert matched_gap(rows, 0.5) == pytest.approx(0.2)


def test_smoothing_takes_medians_of_three_and_leaves_the_ends() -> None:
    rows = epochs(valid_error=[0.5, 0.1, 0.3, 0.2, 0.4])
    assert smoothed_valid_error(rows) == [0.5, 0.3, 0.2, 0.3, 0.4]
    assert smoothed_valid_error(rows[:2]) == [0.5, 0.1]
    assert smoothed_valid_error(rows[:1]) == [0.5]
    assert smoothed_valid_error([]) == []


def test_time_to_target_is_interpolated_in_three_units() -> None:
    moment = time_to_target(epochs(valid_error=[0.5, 0.4, 0.2, 0.1]), 0.3)
    assert moment is not None
    assert moment.at(lambda row: row.epoch) == pytest.approx(2.5)
    assert moment.at(lambda row: row.step) == pytest.approx(25.0)
    assert moment.at(lambda row: row.train_seconds) == pytest.approx(5.0)


def test_steps_to_a_training_loss_are_interpolated_likewise() -> None:
    rows = epochs(train_loss=[1.0, 0.6, 0.2])
    moment = time_to_train_loss(rows, 0.3)
    assert moment is not None
    assert moment.at(lambda row: row.step) == pytest.approx(27.5)
    assert time_to_train_loss(rows, 0.1) is None


def test_one_lucky_epoch_is_not_the_target() -> None:
    assert time_to_target(epochs(valid_error=[0.5, 0.1, 0.5, 0.5]), 0.2) is None


def test_a_target_met_at_once_and_one_never_met() -> None:
    rows = epochs(valid_error=[0.2, 0.1])
    moment = time_to_target(rows, 0.3)
    assert moment is not None
    assert moment.at(lambda row: row.epoch) == 1
    assert time_to_target(rows, 0.05) is None
    assert time_to_target([], 0.5) is None


def test_area_is_the_mean_accuracy_over_steps() -> None:
    rows = epochs(valid_error=[0.5, 0.3, 0.1])
    assert area_under_curve(rows) == pytest.approx((0.6 + 0.8) / 2)
    assert area_under_curve(rows[:1]) is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=20), st.floats(0, 1))
def test_time_to_target_lies_inside_the_run(errors: list[float], target: float) -> None:
    rows = epochs(valid_error=errors)
    moment = time_to_target(rows, target)
    reached = [error for error in smoothed_valid_error(rows) if error <= target]
    assert (moment is not None) == bool(reached)
    if moment is not None:
        passed = moment.at(lambda row: row.epoch)
        assert 1 <= passed <= len(errors)
        assert moment.at(lambda row: row.step) == pytest.approx(10 * passed)
