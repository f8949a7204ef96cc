"""Removing the folder of a run: that, all of it, and nothing else."""

from pathlib import Path

from regx.runs.files import ASIDE_SUFFIX, PART_SUFFIX
from regx.runs.folder import LOCK_NAME, NAME, FolderBusyError, NoRecord, RunFolder

__all__ = ["remove_run", "why_kept"]

BUSY = "is being trained"


def why_kept(path: Path) -> str:
    """Say why a folder must not be removed; nothing where it may be.

    It may where it is a run, by its record or, where that is damaged, by its name; where it holds nothing but
    what regx writes into one; and where no process is at work in it.
    """
    return _why_foreign(path) or (BUSY if RunFolder(path).is_locked() else "")


def remove_run(path: Path) -> str:
    """Remove the folder of a run. Stopped half way, what is left is a run that has not begun.

    Returns:
        Why it was left as it is; empty where it was removed.

    Raises:
        OSError: If it cannot be removed.
    """
    if reason := why_kept(path):
        return reason
    folder = RunFolder(path)
    try:
        with folder.lock():
            if reason := _why_foreign(path):  # the list that was shown may be old
                return reason
            order = {folder.record: 0, folder.metrics: 2}  # the rows last: they keep the folder in the list
            for entry in sorted(path.iterdir(), key=lambda entry: order.get(entry, 1)):
                if entry.name != LOCK_NAME:
                    entry.unlink()
    except FolderBusyError:
        return BUSY
    (path / LOCK_NAME).unlink(missing_ok=True)
    path.rmdir()
    return ""


def _why_foreign(path: Path) -> str:
    """Say why a folder is not that of a run, or not that alone."""
    folder = RunFolder(path)
    if path.is_symlink():
        return "is a link; remove what it leads to"
    if foreign := sorted(entry.name for entry in path.iterdir() if not _is_own(entry, folder)):
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        return f"holds what is not of a run ({', '.join(foreign[:3])}{more})"
    if not NAME.fullmatch(path.absolute().name) and isinstance(folder.find_record(), NoRecord):
        return "has neither the name nor the record of a run"
    return ""


def _is_own(entry: Path, folder: RunFolder) -> bool:
    """Whether regx writes a file of this name, or begins one, in the folder of a run."""
    is_part = entry.name.endswith(PART_SUFFIX) and any(
        entry.name.startswith(f".{file.name}.") for file in folder.files
    )
    is_known = entry.with_name(entry.name.removesuffix(ASIDE_SUFFIX)) in folder.files
    return (is_known or is_part or entry.name == LOCK_NAME) and (entry.is_file() or entry.is_symlink())
