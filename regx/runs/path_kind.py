"""What stands at a path, in words: for whoever gave a command the wrong kind of thing."""

from itertools import chain
from pathlib import Path

from regx.config.errors import UsageError
from regx.config.load import kind_of_file
from regx.runs.folder import is_run_folder
from regx.runs.sweep import is_sweep_folder
from regx.text import near_names

__all__ = ["absence", "is_there", "refuse_no_yaml", "what_is"]

_YAML = (".yaml", ".yml")


def what_is(path: Path) -> str:
    """Say what a path is, and which command takes it: `is an experiment; ...`."""
    if not is_there(path):
        return absence(path)
    return _folder(path) if path.is_dir() else _file(path)


def is_there(path: Path) -> bool:
    """Whether there is something at a path; a name that is too long for the system is none."""
    try:
        return path.exists()
    except OSError:
        return False


def refuse_no_yaml(path: Path) -> None:
    """Refuse a folder, and a file of a run, where a YAML file is wanted; others are read to be judged.

    Raises:
        UsageError: If it is one of them.
    """
    try:
        is_other = path.is_dir() or (path.suffix not in _YAML and _belongs_to_run(path))
    except (OSError, ValueError):  # no path at all; who reads it says why
        return
    if is_other:
        raise UsageError(f"{path}: {what_is(path)}")


def _belongs_to_run(path: Path) -> bool:
    return path.is_file() and (is_run_folder(path.parent) or is_sweep_folder(path.parent))


def absence(path: Path) -> str:
    """Say that there is no such folder of a run or sweep, and which one may have been meant."""
    sweep, colon, _arm = str(path).rpartition(":")
    if colon and is_sweep_folder(Path(sweep)):
        return f"is the arm of a sweep; `regx runs {sweep}` lists its runs"
    found = [*_near(path.name, path.parent), *_near(path.name, Path("runs"))]
    if found:
        return f"no such folder (did you mean {str(found[0])!r}?)"
    if any(Path("runs").glob("*/run.json")):
        return "no such folder; `regx runs` lists the runs that are here"
    return "no such folder; `regx train` makes one of a config"


def _near(name: str, folder: Path) -> list[Path]:
    """Find the folder of a run or sweep that is called so, begins so, or almost."""
    if not name or not folder.is_dir():
        return []
    here = chain(folder.glob("*/sweep.json"), folder.glob("*/run.json"))
    names = sorted({file.parent.name for file in here})
    return [folder / near for near in near_names(name, names, endings=("-s", "."))[:1]]


def _folder(path: Path) -> str:
    if is_sweep_folder(path):
        return f"is the folder of a sweep; `regx runs {path}` lists its runs, `regx compare {path}` its arms"
    if is_run_folder(path):
        return f"is the folder of a run; its config is {path / 'config.yaml'}, `regx verify {path}` checks it"
    if any(chain(path.glob("*/run.json"), path.glob("*/sweep.json"))):
        return f"is a folder of runs; `regx runs {path}` lists them"
    for file in sorted(chain(path.glob("*.y*ml"), path.glob("*/*.y*ml"))):
        return f"is a folder of YAML files; name one of them, e.g. {file}"
    return "is a folder without runs or YAML files"


def _file(path: Path) -> str:
    folder = path.parent
    if is_run_folder(folder):
        return f"is a file of the run {folder}; give that folder, or its config.yaml to `regx train`"
    if is_sweep_folder(folder):
        return f"is a file of the sweep {folder}; give that folder"
    kind = kind_of_file(path) if path.suffix in _YAML else None
    if kind == "experiment":
        return f"is an experiment; `regx sweep {path}` trains its runs and prints their folder"
    if kind == "run":
        return f"is the config of a run; `regx train {path}` trains it and prints its folder"
    return "is a file; give the folder of a run"
