"""The YAML files that may be meant: those of this folder, and the ready-made ones that `regx init` copies."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from regx.text import near_names

__all__ = ["near_file", "starter_root"]

_FOLDERS = ("configs", "experiments")
_MOST = 3  # files that are named


def starter_root() -> Path:
    """Return the folder that holds `configs` and `experiments`: in an installed package, or the clone."""
    package = Path(__file__).parent.parent
    return package / "starter" if (package / "starter").is_dir() else package.parent


def near_file(path: Path) -> str:
    """Name files with almost that name, or another help, for the end of `no such file`.

    They are looked for beside it, then in `configs` and `experiments` here, then among the ready-made ones,
    which `regx init` copies. They are only named: the command line alone says which file is trained.
    """
    try:
        here = _named_like(path.stem, _yaml_files(path.parent)) or _named_like(path.stem, _all_files(Path()))
        if here:
            return f" (did you mean {' or '.join(repr(str(file)) for file in here)}?)"
        root = starter_root()
        if found := _named_like(path.stem, _all_files(root)):
            return f" (`regx init` copies {' and '.join(str(file.relative_to(root)) for file in found)})"
        if re.fullmatch(r"[A-Za-z]\d\d", str(path)):
            return " (a claim is run by `regx reproduce`)"
        ready = next(_all_files(Path()), None)
        if ready is None:
            return " (`regx init` copies the ready-made configs)"
        return f" (name a YAML file that is there, e.g. {ready})"
    except (OSError, ValueError):  # no path at all; who reads the file says why
        return ""


def _yaml_files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(folder.glob("*.y*ml"))


def _all_files(root: Path) -> Iterator[Path]:
    for name in _FOLDERS:
        yield from _yaml_files(root / name)


def _named_like(stem: str, files: Iterable[Path]) -> list[Path]:
    """Choose the files of almost that name, where they are few."""
    by_stem: dict[str, Path] = {}
    for file in files:
        by_stem.setdefault(file.stem, file)
    near = near_names(stem, by_stem, endings=("",) if len(stem) > 2 else ())
    return [by_stem[name] for name in near] if len(near) <= _MOST else []
