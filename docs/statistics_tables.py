"""The tables of docs/statistics.md, from what `make statistics` and `make a-a` measured."""

import csv
from collections import Counter
from collections.abc import Sequence
from math import ceil, sqrt
from pathlib import Path
from statistics import fmean, median, stdev

from scipy.special import betaincinv, stdtrit

from benchmarks.tables import table

__all__ = ["a_a_claims_tables", "a_a_table", "coverage_tables"]

RESULTS = Path(__file__).parent.parent / "results" / "statistics"
Rows = list[dict[str, str]]

# What a row of the first table is called, and how often a verdict for the claim is nominal.
RULES = {
    ("same_rate", "any effect"): ("a difference above 0", 0.025),
    ("probes", "any effect"): ("the same, of what probes measure", 0.025),
    ("ladder", "any effect"): ("the same, over a ladder of learning rates", 0.025),
    ("same_rate", "10 % of a"): ("a difference of 10 % of a", 0.025),
    ("probes", "ln 1.05"): ("a quotient of 1.05, of what probes measure", 0.025),
    ("ladder", "a doubling"): ("a doubling of a learning rate", 0.025),
    ("same_rate", "two parts, any effect"): ("two differences above 0, both needed", 0.025),
    ("same_rate", "an effect and no loss"): ("10 % less of a gap, and no loss by more than 0.02", 0.025),
    ("same_rate", "one of two settings"): ("a difference above 0 in one of two settings", 0.025),
    ("same_rate", "a target that many miss"): ("fewer steps to a target that many miss", 0.025),
    ("same_rate", "not worse by a hair"): ("not worse by more than a hair", 0.05),
    ("same_rate", "equal to a hair"): ("equal to a hair", 0.05),
}
FAMILY = ("same_rate", "a family of 9")
OWN = (("own_rate", "any effect"), ("own_rate", "10 % of a"))


def coverage_tables() -> str:
    """Return how often the intervals hold the truth, and how often each verdict comes."""
    rows = read("coverage.csv")
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
    """Return, for each measure, how often two groups of the same arm were told apart."""
    rows = read("a_a.csv")
    body = [
        told_apart([row for row in rows if row["measure"] == measure])
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


def told_apart(rows: Rows) -> list[str]:
    """Write the line of one measure."""
    p_values = [float(row["p"]) for row in rows if row["p"]]
    cells = share_cells(sum(row["told"] == "true" for row in rows), len(p_values))
    return [f"`{rows[0]['measure']}`", *cells, f"{median(p_values):.2f}"]


def a_a_claims_tables() -> str:
    """Return how often claims of equal arms were supported: by rule, then by measure."""
    rows = read("a_a_claims.csv")
    head = ["claim", "measures", "judged", "supported", "nominal", "share", "95 % interval"]
    head += ["reversed", "null", "inconclusive", "invalid"]
    body = [_rule(_of(rows, *key), name, nominal) for key, (name, nominal) in RULES.items()]
    text = f"{table(head, body, left=1)}\n{_family(_of(rows, *FAMILY))}\n\n"
    text += "Measure by measure, a difference above 0:\n\n"
    head = ["measure", "supported", "share", "95 % interval of the share", "reversed"]
    measures = [row for key in RULES if key[1] == "any effect" for row in _of(rows, *key)]
    return f"{text}{table(head, [_measure(row) for row in measures], left=1)}\n{_own(rows)}\n"


def _of(rows: Rows, experiment: str, rule: str) -> Rows:
    return [row for row in rows if (row["experiment"], row["rule"]) == (experiment, rule)]


def _rule(rows: Rows, name: str, nominal: float) -> list[str]:
    """Write the line of one rule; measures that were never valid are left out."""
    outcomes = [row["outcomes"] for row in rows if set(row["outcomes"]) != {"x"}]
    count = Counter("".join(outcomes))
    judged = count.total() - count["x"]
    return [
        *(name, str(len(outcomes)), str(judged), str(count["s"]), percent(nominal)),
        *(percent(count["s"] / judged), _interval(outcomes)),
        *(str(count["r"] + count["o"]), str(count["n"]), str(count["i"]), str(count["x"])),
    ]


def _interval(outcomes: Sequence[str]) -> str:
    """Write the interval of a share over measures whose verdicts in one repetition hang together.

    Of one measure it is the binomial one; of several the t-interval over the repetitions' own shares; of
    none at all that of a single measure.
    """
    shares = [verdicts.count("s") / len(verdicts) for verdicts in _repetitions(outcomes)]
    if len(outcomes) == 1 or not any(shares):
        return binomial_interval(sum(map(bool, shares)), len(shares))
    reach = float(stdtrit(len(shares) - 1, 0.975)) * stdev(shares) / sqrt(len(shares))
    return f"{percent(max(0.0, fmean(shares) - reach))} to {percent(fmean(shares) + reach)}"


def _repetitions(outcomes: Sequence[str]) -> list[str]:
    """Return the letters of each repetition, without those that are invalid."""
    each = ("".join(letters).replace("x", "") for letters in zip(*outcomes, strict=True))
    return [letters for letters in each if letters]


def _measure(row: dict[str, str]) -> list[str]:
    letters = row["outcomes"].replace("x", "")
    if not letters:
        return [f"`{row['measure']}`", "never valid", "", "", ""]
    cells = share_cells(letters.count("s"), len(letters))
    return [f"`{row['measure']}`", *cells, str(letters.count("r"))]


def _family(rows: Rows) -> str:
    """Say how often a family that is corrected by Holm has any false verdict."""
    each = _repetitions([row["outcomes"] for row in rows])
    some = sum("s" in letters for letters in each)
    count, share, interval = share_cells(some, len(each))
    return (
        f"A family of {len(rows)} such claims, corrected by Holm: at least one is supported in {count} "
        f"repetitions: {share}, 95 % interval {interval}; nominal 2.5 %."
    )


def _own(rows: Rows) -> str:
    """Say what comes where each arm is tuned by itself."""
    [rates] = _of(rows, "own_rate", "tuned to")
    lines = []
    for key in OWN:
        outcomes = [row["outcomes"] for row in _of(rows, *key)]
        split = {}
        for same in "=d":
            letters = "".join(
                letter
                for row in outcomes
                for letter, rate in zip(row, rates["outcomes"], strict=True)
                if rate == same and letter != "x"
            )
            split[same] = f"{letters.count('s') + letters.count('r')} of {len(letters)}"
        name = RULES["same_rate", key[1]][0]
        lines.append(f"- {name}: {split['=']} where the rates are equal, {split['d']} where they are not")
    different = rates["outcomes"].count("d")
    return (
        f"**Each arm tuned by itself**, on the same two seeds. In {different} of {len(rates['outcomes'])} "
        "repetitions the noise of tuning gives equal arms different learning rates. These are the verdicts "
        "that are supported or reversed, of all measures together:\n\n" + "\n".join(lines)
    )


def percent(share: float) -> str:
    """Write a share."""
    return f"{100 * share:.1f} %"


def share_cells(hits: int, trials: int) -> list[str]:
    """Write a count, its share, and the exact binomial interval of that."""
    return [f"{hits} of {trials}", percent(hits / trials), binomial_interval(hits, trials)]


def binomial_interval(hits: int, trials: int) -> str:
    """Write the exact interval of a share."""
    low, high = clopper_pearson(hits, trials)
    return f"{percent(low)} to {percent(high)}"


def clopper_pearson(hits: int, trials: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share (Clopper & Pearson 1934, Biometrika 26)."""
    low = float(betaincinv(hits, trials - hits + 1, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 0.975)) if hits < trials else 1.0
    return low, high


def read(name: str) -> Rows:
    """Read a file of results."""
    with (RESULTS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
