"""`regx validate`: configs and experiments are checked, and each says in a line what it will be."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regx.cli import options
from regx.cli.completion import offer_yaml
from regx.cli.output import ExitCode, echo, print_json, say
from regx.text import counted

if TYPE_CHECKING:
    from regx.config import RunConfig
    from regx.config.errors import Problem

__all__ = ["validate"]


def validate(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="YAML files, folders of them, or - for standard input.",
            autocompletion=offer_yaml,
            show_default=False,
        ),
    ],
    as_json: options.Json = False,
) -> None:
    """Check configs and experiments. Each problem is shown with its line.

    An experiment is checked at every tier: each config that it can ask for.

    Example: regx validate configs experiments
    """
    from regx.config import ConfigError
    from regx.config.load import kind_of_file
    from regx.reading import show_source

    problems: list[Problem] = []
    checked: list[dict[str, object]] = []
    for path in _yaml_files(files):
        kind, name = kind_of_file(path), show_source(path)
        describe = _describe_experiment if kind == "experiment" else _describe_run
        summary, notes = None, list[str]()
        try:
            summary, notes = describe(path)
        except ConfigError as error:
            problems.extend(error.problems)
        checked.append(
            {"file": name, "ok": summary is not None, "kind": kind, "summary": summary, "notes": notes}
        )
        if summary is not None and not as_json:
            echo(f"{name}: ok ({summary})")
            for note in notes:
                say(f"{name}: note: {note}")
    if as_json:
        found = [problem.described for problem in sorted(set(problems))]
        print_json({"files": checked, "problems": found})
        raise typer.Exit(ExitCode.WRONG_USAGE if problems else ExitCode.DONE)
    if problems:
        raise ConfigError(problems)


def _yaml_files(paths: list[Path]) -> list[Path]:
    """Expand folders into the YAML files in them.

    Raises:
        UsageError: If a folder has none.
    """
    from regx.config.errors import UsageError
    from regx.runs.path_kind import is_there, refuse_no_yaml

    files = []
    for path in paths:
        if not is_there(path) or not path.is_dir():
            refuse_no_yaml(path)
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
    from regx.config import load_run
    from regx.config.sections.model import num_parameters
    from regx.config.warnings import run_warnings

    config = load_run(path)
    parameters = num_parameters(config.model, config.data.facts)
    summary = f"{config.model.family}, {parameters:,} parameters, {_length(config)}"
    return summary, run_warnings(config)


def _describe_experiment(path: Path) -> tuple[str, list[str]]:
    """Check an experiment at all its tiers; say in one line which runs it asks for, and what is odd."""
    from regx.claims.check import check_measures
    from regx.cli.sweep_text import arms_and_cells
    from regx.config import ConfigError
    from regx.config.load_experiment import load_tiers
    from regx.config.warnings import experiment_warnings

    tiers = load_tiers(path)
    wrong: list[Problem] = []
    for tier in tiers.values():
        told = {problem.place for problem in wrong}  # what several tiers share is said once
        wrong += [problem for problem in check_measures(tier) if problem.place not in told]
    if wrong:
        raise ConfigError(wrong)
    experiment = tiers["cpu"]
    factors = [arms_and_cells(experiment), counted(len(experiment.seeds), "seed")]
    num_runs = sum(len(experiment.cells_of(arm)) for arm in experiment.arms) * len(experiment.seeds)
    arm = experiment.arms[0]
    config = experiment.config(arm, experiment.first(arm), experiment.seeds[0])
    words = [f"experiment, {' x '.join(factors)} = {counted(num_runs, 'run')} of {_length(config)}"]
    if experiment.num_trials:
        words.append(counted(experiment.num_trials, "tuning run"))
    if experiment.claims:
        words.append(counted(len(experiment.claims), "claim"))
    others = [tier for tier in tiers if tier != "cpu"]
    if others:
        words.append(f"tier{'s' if len(others) > 1 else ''} {', '.join(others)}")
    return "; ".join(words), experiment_warnings(experiment)


def _length(config: "RunConfig") -> str:
    """Say on what a run trains, and for how long."""
    return f"{config.data.name} {config.data.num_train:,} images, {counted(config.train.epochs, 'epoch')}"
