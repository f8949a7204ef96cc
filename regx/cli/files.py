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
        typer.Argument(
            metavar="FILE...",
            help="YAML files, or folders of them; - for standard input.",
            show_default=False,
        ),
    ],
) -> None:
    """Check configs and experiments; each problem is shown with its line.

    An experiment is checked at every tier that it has: each config that it can ask for.

    Example: regx validate configs experiments
    """
    from regx.config import ConfigError
    from regx.config.kinds import kind_of_file
    from regx.config.sources import show_source

    problems: list[Problem] = []
    for path in _yaml_files(files):
        describe = _describe_experiment if kind_of_file(path) == "experiment" else _describe_run
        try:
            summary, notes = describe(path)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        typer.echo(f"{show_source(path)}: ok ({summary})")
        for note in notes:
            typer.echo(f"{show_source(path)}: note: {note}", err=True)
    if problems:
        raise ConfigError(problems)


@schema_app.command("run")
def schema_run() -> None:
    """Print the JSON schema of the config of a run.

    Example: regx schema run > run.schema.json
    """
    import json

    from regx.config.editor_schema import run_schema

    typer.echo(json.dumps(run_schema(), indent=2))


@schema_app.command("experiment")
def schema_experiment() -> None:
    """Print the JSON schema of an experiment.

    Example: regx schema experiment > experiment.schema.json
    """
    import json

    from regx.config.editor_schema import experiment_schema

    typer.echo(json.dumps(experiment_schema(), indent=2))


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


def _describe_run(path: Path) -> tuple[str, list[str]]:
    """Check the config of a run; say in one line what it will be, and what has no effect."""
    from regx.config import load_run, notices
    from regx.config.shapes import num_parameters

    config = load_run(path)
    parameters = num_parameters(config.model, config.data.facts)
    return f"{config.model.family}, {parameters:,} parameters, {_length(config)}", notices(config)


def _describe_experiment(path: Path) -> tuple[str, list[str]]:
    """Check an experiment at all its tiers; say in one line which runs it asks for, and what is odd."""
    from regx.claims.check import check_measures
    from regx.cli.sweep_text import arms_and_cells
    from regx.config import ConfigError
    from regx.config.experiment_notices import experiment_notices
    from regx.config.load_experiment import load_tiers

    tiers = load_tiers(path)
    wrong = [problem for experiment in tiers.values() for problem in check_measures(path, experiment)]
    if wrong:
        raise ConfigError(wrong)
    experiment = tiers["cpu"]
    factors = [arms_and_cells(experiment), _count(len(experiment.seeds), "seed")]
    num_runs = sum(len(experiment.cells_of(arm)) for arm in experiment.arms) * len(experiment.seeds)
    arm = experiment.arms[0]
    config = experiment.config(arm, experiment.first(arm), experiment.seeds[0])
    words = [f"experiment, {' x '.join(factors)} = {_count(num_runs, 'run')} of {_length(config)}"]
    if experiment.num_trials:
        words.append(_count(experiment.num_trials, "tuning run"))
    if experiment.claims:
        words.append(_count(len(experiment.claims), "claim"))
    others = [tier for tier in tiers if tier != "cpu"]
    if others:
        words.append(f"tier{'s' if len(others) > 1 else ''} {', '.join(others)}")
    return "; ".join(words), experiment_notices(experiment)


def _length(config: "RunConfig") -> str:
    """Say on what a run trains, and for how long."""
    return f"{config.data.name} {config.data.num_train:,} images, {_count(config.train.epochs, 'epoch')}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


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
