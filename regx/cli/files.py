"""`regx validate`, `regx schema`, `regx init`: the YAML files themselves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from regx.config import RunConfig
    from regx.config.errors import Problem

__all__ = ["init", "schema_app", "validate"]

schema_app = typer.Typer(no_args_is_help=True, help="Print the JSON schema of a file, for editors.")


def validate(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="YAML files, or folders of them.", show_default=False),
    ],
) -> None:
    """Check configs; each problem is shown with its line.

    Example: regx validate configs
    """
    from regx.config import ConfigError, load_run, notices

    problems: list[Problem] = []
    for path in _yaml_files(files):
        try:
            config = load_run(path)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        typer.echo(f"{path}: ok ({_summary(config)})")
        for notice in notices(config):
            typer.echo(f"{path}: note: {notice}", err=True)
    if problems:
        raise ConfigError(problems)


@schema_app.command("run")
def schema_run() -> None:
    """Print the JSON schema of the config of a run.

    Example: regx schema run > run.schema.json
    """
    import json

    from regx.config.editor_schema import editor_schema

    typer.echo(json.dumps(editor_schema(), indent=2))


def init(
    folder: Annotated[Path, typer.Argument(help="Folder that the files go into.")] = Path(),
) -> None:
    """Copy the starter configs; what is there is left as it is.

    Example: regx init
    """
    from regx.config.errors import UsageError
    from regx.runs.files import atomic_path

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file, not a folder")
    written, kept = [], []
    for relative, source in _starter_files():
        target = folder / relative
        if target.exists():
            kept.append(target)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as temporary:
            temporary.write_bytes(source.read_bytes())
        written.append(target)
    for path in written:
        typer.echo(f"wrote {path}")
    for path in kept:
        typer.echo(f"kept {path}: it is there already", err=True)
    typer.echo(f"next: regx train {folder / 'configs' / 'digits_cnn.yaml'}")


def _yaml_files(paths: list[Path]) -> list[Path]:
    """Expand folders into the YAML files in them.

    Raises:
        UsageError: If a folder has none.
    """
    from regx.config.errors import UsageError

    files = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(
            file for file in path.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file()
        )
        if not found:
            raise UsageError(f"{path}: no YAML files in this folder")
        files.extend(found)
    return files


def _summary(config: "RunConfig") -> str:
    """Say in one line what a run will be."""
    from regx.config.shapes import num_parameters

    data, epochs = config.data, config.train.epochs
    return (
        f"{config.model.family}, {num_parameters(config.model, data.facts):,} parameters,"
        f" {data.name} {data.num_train:,} images, {epochs:,} epoch{'s' if epochs > 1 else ''}"
    )


def _starter_files() -> list[tuple[Path, Path]]:
    """List the starter files: where each goes, and where it is.

    They are `regx/starter/` in an installed package, and `configs/` and `experiments/` of a clone.

    Raises:
        UsageError: If the package carries none.
    """
    from regx.config.errors import UsageError

    package = Path(__file__).parent.parent
    root = package / "starter" if (package / "starter").is_dir() else package.parent
    files = [
        (source.relative_to(root), source)
        for name in ("configs", "experiments")
        for source in sorted((root / name).rglob("*"))
        if source.suffix == ".yaml"
    ]
    if not files:
        raise UsageError(f"{root}: the starter files are missing; install regx again")
    return files
