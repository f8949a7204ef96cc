"""`regx init` and `regx schema`: the ready-made files, and the JSON schemas that editors check files by."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from regx.cli.output import echo, print_json, say

__all__ = ["init", "schema_app"]

STARTERS = {"run": "configs", "experiment": "experiments"}
SCHEMAS = Path("schemas")

schema_app = typer.Typer(no_args_is_help=True, help="Print the JSON schema of a file, for editors.")


@schema_app.command("run")
def schema_run() -> None:
    """Print the JSON schema of the config of a run.

    Example: regx schema run > run.schema.json
    """
    from regx.config.schema import run_schema

    print_json(run_schema())


@schema_app.command("experiment")
def schema_experiment() -> None:
    """Print the JSON schema of an experiment.

    Example: regx schema experiment > experiment.schema.json
    """
    from regx.config.schema import experiment_schema
    from regx.measures.registry import tuning_measures

    print_json(experiment_schema(tuning_measures()))


def init(
    folder: Annotated[Path, typer.Argument(help="Folder that the files go into.")] = Path(),
) -> None:
    """Copy the ready-made configs and experiments. Files that are already there are kept.

    The first line of each names a schema, by which editors check the file while you type. The schemas go to
    schemas/.

    Example: regx init my_experiments
    """
    from regx.config.errors import UsageError
    from regx.runs.files import atomic_path

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file, not a folder")
    written, kept = [], []
    for relative, content in _starter_files():
        target = folder / relative
        if target.exists():
            kept.append(target)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as temporary:
            temporary.write_bytes(content)
        written.append(target)
    for path in written:
        echo(f"wrote {path}")
    for path in kept:
        say(f"kept {path}: it is there already")
    echo(f"next: regx train {folder / 'configs' / 'digits_cnn.yaml'}")


def _starter_files() -> Iterator[tuple[Path, bytes]]:
    """Yield the starter files, where each goes and what it holds, and the schemas that they are checked by.

    They are `regx/starter/` in an installed package, and `configs/` and `experiments/` of a clone.

    Raises:
        UsageError: If the package carries none.
    """
    import json

    from regx.config.errors import UsageError
    from regx.config.ready_made import starter_root
    from regx.config.schema import editor_line, experiment_schema, run_schema
    from regx.measures.registry import tuning_measures

    root = starter_root()
    for kind, content in (("run", run_schema()), ("experiment", experiment_schema(tuning_measures()))):
        folder, schema = root / STARTERS[kind], SCHEMAS / f"{kind}.schema.json"
        files = sorted(folder.rglob("*.yaml"))
        if not files:
            raise UsageError(f"{folder}: the starter files are missing; install regx again")
        for file in files:
            relative = file.relative_to(root)
            up = "../" * (len(relative.parts) - 1)
            yield relative, editor_line(f"{up}{schema.as_posix()}").encode() + file.read_bytes()
        yield schema, f"{json.dumps(content, indent=2)}\n".encode()
