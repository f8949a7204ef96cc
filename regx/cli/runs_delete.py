"""`regx runs --delete`: what was listed goes, after a question; what is no run, or at work, stays."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from regx.cli.output import say
from regx.text import counted

if TYPE_CHECKING:
    from regx.runs.query import Row

__all__ = ["delete_runs"]


def delete_runs(listed: Sequence["Row"], *, asked: bool) -> int:
    """Remove runs that the user has seen listed.

    Args:
        listed: The runs, as `regx runs` describes them; one may stand there several times.
        asked: Whether the question is answered already.

    Returns:
        The exit code: 1 where a folder stayed that was listed.

    Raises:
        UsageError: If there is nobody to ask.
    """
    from regx.config.errors import UsageError
    from regx.runs.remove import why_kept

    owners = {Path(row["path"]): row["sweeps"] for row in listed if row["status"] != "not there"}
    with ExitStack() as locks:
        busy = _hold_sweeps({path.parent for path in owners}, locks)
        reasons = {path: busy.get(path.parent) or why_kept(path) for path in owners}
        for path, reason in reasons.items():
            if reason:
                say(f"kept: {path}: {reason}")
        going = [path for path, reason in reasons.items() if not reason]
        if not going:
            say("nothing to remove.")
            return int(bool(owners))
        runs = counted(len(going), "run")
        if not asked:
            if not sys.stdin.isatty():
                raise UsageError(
                    f"--delete: asks on a terminal before it removes {runs}; elsewhere give --yes"
                )
            if not typer.confirm(f"remove {runs}?", default=False, err=True):
                return 0
        gone = [path for path in going if _remove(path)]
    say(f"removed {len(gone)} of {runs}." if len(gone) < len(going) else f"removed {runs}.")
    sweeps = sorted({sweep for path in gone for sweep in owners[path]})
    if sweeps:
        more = f" and {len(sweeps) - 3} more" if len(sweeps) > 3 else ""
        say(
            f"note: {', '.join(sweeps[:3])}{more} had some of them; the next `regx sweep` trains those again."
        )
    return int(len(gone) < len(owners))


def _hold_sweeps(folders: set[Path], locks: ExitStack) -> dict[Path, str]:
    """Keep sweeps out of folders of runs; where one is at work, say so."""
    from regx.runs.lock import hold
    from regx.sweeps.ledger import LOCK_NAME

    busy = {}
    for folder in folders:
        lock = folder / LOCK_NAME
        if not lock.exists():  # no sweep was ever here
            continue
        try:
            locks.enter_context(hold(lock))
        except BlockingIOError:
            busy[folder] = f"a sweep is at work in {folder}"
    return busy


def _remove(path: Path) -> bool:
    """Remove one run; where it stays, say why."""
    from regx.runs.remove import remove_run

    try:
        reason = remove_run(path)
    except OSError as error:
        path, reason = Path(error.filename or path), f"cannot be removed ({error.strerror})"
    if reason:
        say(f"kept: {path}: {reason}")
    return not reason
