"""From the runs of a sweep to one number per arm and seed: pure functions of the runs' folders."""

from collections.abc import Iterator

from regx.claims.comparison import IF_CENSORED, comparisons_of
from regx.claims.measure_rows import MeasureRow
from regx.claims.results import Lock, LockedClaim, LockedPart
from regx.claims.sweep_runs import SweepRuns
from regx.config.sections.claim import ClaimConfig
from regx.measures.measure import Number, Reference

__all__ = ["arms_of", "locked_part", "measure_claims"]


def measure_claims(claims: tuple[ClaimConfig, ...], lock: Lock, runs: SweepRuns) -> list[MeasureRow]:
    """Measure everything that the claims of an experiment compare.

    Raises:
        UsageError: If the runs do not have what a measure needs.
    """
    return [row for claim in claims for row in _measure_claim(claim, lock, runs)]


def _measure_claim(claim: ClaimConfig, lock: Lock, runs: SweepRuns) -> Iterator[MeasureRow]:
    for item in comparisons_of(claim):
        part = locked_part(lock.claims[claim.id], item.part)
        reference = Reference(target_error=part.target_error, train_loss=part.train_loss)
        for arm, measure in zip(arms_of(part), item.measures, strict=True):
            for seed in lock.seeds:
                number = (
                    Number(value=None, note=part.problem)
                    if part.problem
                    else measure.counted(runs.confirmed(arm, item, seed), reference)
                )
                yield MeasureRow(
                    claim=claim.id,
                    part=item.part,
                    measure=measure.name,
                    arm=arm,
                    seed=seed,
                    value=number.value,
                    note=number.note,
                )


def arms_of(part: LockedPart) -> tuple[str, ...]:
    """Return the arm of each side, where the best of several was chosen."""
    return (part.first,) if part.second is None else (part.first, part.second)


def locked_part(claim: LockedClaim, name: str) -> LockedPart:
    """Return what was fixed for one comparison."""
    if name == IF_CENSORED:
        assert claim.if_censored is not None
        return claim.if_censored
    group, _, number = name.rpartition(" ")
    return (claim.beside if group == "beside" else claim.parts)[int(number) - 1]
