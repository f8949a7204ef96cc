"""The live table of a sweep, line by line: whatever runs, it keeps arms, counts and errors on the screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size

from regx.analysis.wording import shorten
from regx.cli.columns import fold

__all__ = ["ArmLine", "live_lines"]

GAP = "  "
LEAST_NAME = 12  # letters of an arm that are always there, with both its ends
LEAST_RUNNING = 12  # a narrower column would say nothing
BESIDE = 2  # lines of the screen that are not for arms: the title, and that of the cursor


@dataclass(frozen=True)
class ArmLine:
    """One arm.

    Attributes:
        name: Of the arm.
        ended: Runs that have ended.
        total: Runs that it has.
        error: Mean validation error so far.
        bad: How many runs ended badly, by kind.
        running: How far the runs that go on are; may be empty.
    """

    name: str
    ended: int
    total: int
    error: str
    bad: Mapping[str, int] = field(default_factory=dict)
    running: str = ""

    def cells(self, *, brief: bool) -> tuple[str, str, str]:
        """Write what is known of its runs: how many, their error, how many ended badly."""
        kinds = {"bad": sum(self.bad.values())} if brief and self.bad else self.bad
        return (
            f"{self.ended}/{self.total}",
            self.error,
            ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
        )


def live_lines(title: str, arms: Sequence[ArmLine], width: int, height: int) -> list[str]:
    """Lay out the table so that it fits the screen.

    Where the screen is narrow, what is running gives way first; then names are folded. Where arms are more
    than lines, they stand side by side, without what is running; those that still find no place are counted.

    Args:
        title: What the sweep is at.
        arms: In the order of the experiment.
        width: Of the screen.
        height: Of the screen.
    """
    room = max(height - BESIDE, 3)  # for heads and arms
    lines = _table(arms, width, folds=True)
    if len(lines) > room:
        lines = _table(arms, width)
    if len(lines) > room:
        lines = _side_by_side(arms, width, room) or _with_the_rest_counted(arms, width, room)
    return [_cut(line, width) for line in (title, *lines)]


def _table(arms: Sequence[ArmLine], width: int, *, folds: bool = False) -> list[str]:
    """Write heads and one line per arm; more where a name is folded."""
    longest = max(cell_len(arm.name) for arm in arms)
    for brief in (False, True):
        cells = [("runs", "error" if brief else "valid error", "")]
        cells += [arm.cells(brief=brief) for arm in arms]
        runs, error, bad = (max(map(cell_len, column)) for column in zip(*cells, strict=True))
        taken = len(GAP) + runs + len(GAP) + error + (len(GAP) + bad if bad else 0)
        if taken + min(longest, LEAST_NAME) <= width:
            break
    name = max(min(longest, width - taken), min(longest, LEAST_NAME))
    running = width - name - taken - len(GAP)
    lines = []
    for who, what, (how_many, how_well, how_bad) in zip(
        ["arm", *(arm.name for arm in arms)], ["running", *(arm.running for arm in arms)], cells, strict=True
    ):
        first, *others = fold(who, name) if folds else [shorten(who, name)]
        line = [_left(first, name), _right(how_many, runs), _right(how_well, error)]
        line += [_left(how_bad, bad)] if bad else []
        line += [_cut(what, running)] if running >= LEAST_RUNNING else []
        lines += [GAP.join(line).rstrip(), *others]
    return lines


def _side_by_side(arms: Sequence[ArmLine], width: int, room: int) -> list[str]:
    """Write the arms in several tables beside one another; nothing where they do not fit."""
    parts = [arms[at : at + room - 1] for at in range(0, len(arms), room - 1)]
    share = (width + len(GAP)) // len(parts) - len(GAP)
    quiet = [[ArmLine(arm.name, arm.ended, arm.total, arm.error, arm.bad) for arm in part] for part in parts]
    tables = [_table(part, share) for part in quiet]
    if max(cell_len(line) for table in tables for line in table) > share:
        return []
    return [
        GAP.join(_left(line, share) for line in lines).rstrip()
        for lines in zip_longest(*tables, fillvalue="")
    ]


def _with_the_rest_counted(arms: Sequence[ArmLine], width: int, room: int) -> list[str]:
    """Write arms whose runs went wrong, then those at work, then the first ones; count the others."""
    ranked = sorted(range(len(arms)), key=lambda at: (not arms[at].bad, not arms[at].running, at))
    shown = sorted(ranked[: room - 2])
    rest = [arm for at, arm in enumerate(arms) if at not in shown]
    more = (
        f"and {len(rest)} more arms: {sum(arm.ended for arm in rest)}/{sum(arm.total for arm in rest)} runs"
    )
    if bad := sum(sum(arm.bad.values()) for arm in rest):
        more += f", {bad} bad"
    return [*_table([arms[at] for at in shown], width), more]


def _left(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _cut(text: str, width: int) -> str:
    """Cut what is too long for its place: what is running, or a title."""
    return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)) + "…"
