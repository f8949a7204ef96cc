"""The tables of docs/statistics.md, from what `make statistics` and `make a-a` measured."""

import csv
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from statistics import median

from markdown_blocks import table
from scipy.special import betaincinv

__all__ = ["a_a_table", "coverage_tables"]

RESULTS = Path(__file__).parent.parent / "results" / "statistics"
Rows = list[dict[str, str]]


def coverage_tables() -> str:
    """Return how often the intervals hold the truth, and how often each verdict comes, or nothing."""
    rows = read("coverage.csv")
    if not rows:
        return ""
    cases = list(dict.fromkeys((row["distribution"], row["num_seeds"]) for row in rows))
    columns = ("t interval covers", "percentile bootstrap covers", "Welch sees a difference")
    body = [[*case, *(rate(rows, case, what) for what in columns)] for case in cases]
    text = table(["data", "seeds", "t-interval", "percentile bootstrap", "Welch, p < 0.05"], body, left=1)
    text += "\nVerdicts, of the uncorrected rule:\n\n"
    effects = list(
        dict.fromkeys((row["smallest_effect"], row["true_effect"]) for row in rows if row["smallest_effect"])
    )
    verdicts = ("supported", "reversed", "null", "inconclusive")
    body = [
        [*case, smallest, true, *(rate(rows, case, verdict, smallest, true) for verdict in verdicts)]
        for smallest, true in effects
        for case in cases
    ]
    text += table(["data", "seeds", "smallest effect", "true effect", *verdicts], body, left=1)
    return f"{text}\nPer cent ± Monte-Carlo standard error; {sizes(rows)}.\n"


def rate(rows: Rows, case: tuple[str, str], what: str, smallest: str = "", true: str = "0") -> str:
    """Write one rate and its standard error in per cent."""
    wanted = (*case, what, smallest, true)
    keys = ("distribution", "num_seeds", "what", "smallest_effect", "true_effect")
    row = next(row for row in rows if tuple(row[key] for key in keys) == wanted)
    share, bound = float(row["rate"]), ceil(3e4 / int(row["repetitions"])) / 100
    if share in {0, 1}:  # a standard error of 0 would be wrong; 3 / n is the 95 % bound
        return f"> {100 - bound:.2f}" if share else f"< {bound:.2f}"
    return f"{100 * share:.2f} ± {100 * float(row['standard_error']):.2f}"


def sizes(rows: Rows) -> str:
    """Say how many repetitions there were."""
    found = sorted({int(row["repetitions"]) for row in rows}, reverse=True)
    return " repetitions, the bootstrap ".join(f"{number:,}" for number in found)


def a_a_table() -> str:
    """Return, for each measure, how often two groups of the same arm were told apart, or nothing."""
    rows = read("a_a.csv")
    if not rows:
        return ""
    body = [
        [f"`{measure}`", *shares([row for row in rows if row["measure"] == measure])]
        for measure in dict.fromkeys(row["measure"] for row in rows)
    ]
    told = [row for row in rows if row["told"] == "true"]
    judged = [row for row in rows if row["told"]]
    repetitions = [len({row["repetition"] for row in part}) for part in (told, rows)]
    head = ["measure", "told apart", "share", "95 % interval of the share", "median p"]
    return (
        f"{table(head, body, left=1)}\nAll measures together: {len(told)} of {len(judged)}, "
        f"{percent(len(told) / len(judged))}. At least one measure told the two apart in {repetitions[0]} of "
        f"{repetitions[1]} repetitions.\n"
    )


def shares(rows: Rows) -> Iterator[str]:
    """Write the cells of one measure: count, share, its exact binomial interval, the median p-value."""
    p_values = [float(row["p"]) for row in rows if row["p"]]
    told, trials = sum(row["told"] == "true" for row in rows), len(p_values)
    low, high = clopper_pearson(told, trials)
    yield from (f"{told} of {trials}", f"{percent(told / trials)}", f"{percent(low)} to {percent(high)}")
    yield f"{median(p_values):.2f}"


def percent(share: float) -> str:
    """Write a share."""
    return f"{100 * share:.1f} %"


def clopper_pearson(hits: int, trials: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share (Clopper & Pearson 1934, Biometrika 26)."""
    low = float(betaincinv(hits, trials - hits + 1, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 0.975)) if hits < trials else 1.0
    return low, high


def read(name: str) -> Rows:
    """Read a file of results; no rows where it is not there."""
    path = RESULTS / name
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
