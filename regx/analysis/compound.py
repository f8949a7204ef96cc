"""Claims of several parts: all of them must hold, or one of them is enough. The two nest."""

from collections.abc import Sequence

from regx.analysis.evidence import Evidence

__all__ = ["all_of", "any_of"]


def all_of(parts: Sequence[Evidence]) -> Evidence:
    """Weigh a claim of several parts that must all hold.

    For it: every part must favour, and p is the largest of theirs. That needs no correction: a false claim
    has a false part, and that one must come out wrong. Against it: one part is enough, and with k parts there
    are k chances of a false alarm, so the smallest p is multiplied by k.

    Source:
        Berger 1982, Technometrics 24 (intersection-union tests).
    """
    against = [part for part in parts if part.opposes]
    first = min(against, key=lambda part: part.p_against, default=None)
    return Evidence(
        num_seeds=_fewest_seeds(parts),
        favours=all(part.favours for part in parts),
        strong=all(part.strong for part in parts),
        p=max(part.p for part in parts),
        opposes=first is not None,
        p_against=min(1.0, len(parts) * first.p_against) if first else 1.0,
        p_null=min(1.0, len(parts) * min(part.p_null for part in parts)),
        against=first.against if first else "reversed",
        problem=_problems(parts),
        parts=tuple(parts),
    )


def any_of(parts: Sequence[Evidence]) -> Evidence:
    """Weigh a claim that says "in some cases": one of several settings, all named beforehand, is enough.

    For it: with m settings there are m chances of a false alarm, so the smallest p of those that favour is
    multiplied by m. Against it: every setting must contradict, and p is the largest of theirs. Even then the
    claim is contradicted in these settings only.
    """
    favouring = [part for part in parts if part.favours]
    first = min(favouring, key=lambda part: part.p, default=None)
    return Evidence(
        num_seeds=_fewest_seeds(parts),
        favours=first is not None,
        strong=first is not None and first.strong,
        p=min(1.0, len(parts) * first.p) if first else 1.0,
        opposes=all(part.opposes for part in parts),
        p_against=max(part.p_against for part in parts),
        p_null=max(min(part.p_against if part.opposes else 1.0, part.p_null) for part in parts),
        against=parts[0].against,
        problem=_problems(parts),
        parts=tuple(parts),
        one_is_enough=True,
    )


def _fewest_seeds(parts: Sequence[Evidence]) -> int:
    if not parts:
        raise ValueError("a claim needs at least one part")
    return min(part.num_seeds for part in parts)


def _problems(parts: Sequence[Evidence]) -> str | None:
    return "; ".join(part.problem for part in parts if part.problem) or None
