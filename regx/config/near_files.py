"""What may have been meant by the name of a YAML file that is not there."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from regx.config.starter import starter_root

__all__ = ["near_file"]

_FOLDERS = ("configs", "experiments")
_MOST = 3  # files that are named


def near_file(path: Path) -> str:
    """Name files of almost that name, or what else helps, to be put behind `no such file`.

    They are looked for beside it, then in `configs` and `experiments` here, then among the ready-made ones,
    which `regx init` copies. Pointed to, and not taken: which file is trained stands on the command line.
    """
    try:
        beside = _named_like(path.stem, _yaml_files(path.parent))
        here = beside or _named_like(
            path.stem, (file for name in _FOLDERS for file in _yaml_files(Path(name)))
        )
        if here:
            return f" (did you mean {' or '.join(repr(str(file)) for file in here)}?)"
        root = starter_root()
        starter = (file.relative_to(root) for name in _FOLDERS for file in _yaml_files(root / name))
        if found := _named_like(path.stem, starter):
            return f" (`regx init` copies {' and '.join(map(str, found))})"
        if re.fullmatch(r"[A-Za-z]\d\d", str(path)):
            return " (a claim is run by `regx reproduce`)"
        ready = next((file for name in _FOLDERS for file in _yaml_files(Path(name))), None)
        if ready is None:
            return " (`regx init` copies the ready-made configs)"
        return f" (name a YAML file that is there, e.g. {ready})"
    except (OSError, ValueError):  # no path at all; who reads the file says why
        return ""


def _yaml_files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(folder.glob("*.y*ml"))


def _named_like(stem: str, files: Iterator[Path]) -> list[Path]:
    """Choose the file of that name, else those whose names begin so where they are few, else the nearest."""
    by_stem: dict[str, Path] = {}
    for file in files:
        by_stem.setdefault(file.stem, file)
    begin = [name for name in by_stem if len(stem) > 2 and name.startswith(stem)]
    near = (
        [stem] if stem in by_stem else begin[: _MOST + 1] or get_close_matches(stem, by_stem, cutoff=0.75)[:1]
    )
    return [by_stem[name] for name in near] if len(near) <= _MOST else []
