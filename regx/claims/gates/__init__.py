"""Sanity gates: what a broken trainer fails first.

They are passed before anything is compared: where one fails, claims are `invalid` and never `contradicted`.
Quick ones run in memory, most of them on the embedded digits; those of `regx.claims.gates.reference` compare
trained networks with what is known of them. torch is imported when they run.
"""

from collections.abc import Callable, Collection, Mapping

from regx.claims.exact.small_runs import reproducible
from regx.claims.gates.digits import (
    dropout_is_ridge,
    dropout_of_nothing,
    loss_at_init,
    no_rate_no_change,
    one_batch_is_learned,
    random_labels,
    random_labels_of_mnist,
    same_seed_same_run,
)
from regx.claims.results import Gate

__all__ = ["check_gates"]

_GATES: tuple[Callable[[], Gate], ...] = (
    loss_at_init,
    no_rate_no_change,
    one_batch_is_learned,
    same_seed_same_run,
    dropout_of_nothing,
    dropout_is_ridge,
    random_labels,
)


_ON_REAL_DATA: Mapping[str, tuple[Callable[[], Gate], ...]] = {"mnist": (random_labels_of_mnist,)}


def check_gates(data: Collection[str] = ()) -> tuple[Gate, ...]:
    """Try every quick gate.

    Args:
        data: Data sets that are here; of those on other data none is tried.

    Returns:
        What each of them measured, and whether it holds.
    """
    on_real_data = (gate for name, gates in _ON_REAL_DATA.items() if name in data for gate in gates)
    found = []
    for gate in (*_GATES, *on_real_data):
        with reproducible(seed=0):
            found.append(gate())
    return tuple(found)
