"""The tables of false claims in docs/statistics.md, from what `make a-a` found."""

from collections import Counter
from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev

from markdown_blocks import table
from scipy.special import stdtrit
from statistics_tables import Rows, clopper_pearson, percent, read

__all__ = ["a_a_claims_tables"]

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


def a_a_claims_tables() -> str:
    """Return how often claims of equal arms were supported: by rule, then by measure; or nothing."""
    rows = read("a_a_claims.csv")
    if not rows:
        return ""
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
        low, high = clopper_pearson(sum(map(bool, shares)), len(shares))
        return f"{percent(low)} to {percent(high)}"
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
    supported = letters.count("s")
    low, high = clopper_pearson(supported, len(letters))
    return [
        *(f"`{row['measure']}`", f"{supported} of {len(letters)}", percent(supported / len(letters))),
        *(f"{percent(low)} to {percent(high)}", str(letters.count("r"))),
    ]


def _family(rows: Rows) -> str:
    """Say how often a family that is corrected by Holm has any false verdict."""
    each = _repetitions([row["outcomes"] for row in rows])
    some = sum("s" in letters for letters in each)
    low, high = map(percent, clopper_pearson(some, len(each)))
    return (
        f"A family of {len(rows)} such claims, corrected by Holm: at least one is supported in {some} of "
        f"{len(each)} repetitions: {percent(some / len(each))}, 95 % interval {low} to {high}; nominal 2.5 %."
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
