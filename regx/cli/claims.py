"""`regx claims`: every claim with its verdict, or one of them in full."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from regx.cli import options
from regx.cli.completion import offer_claims
from regx.cli.output import echo, plain_console, print_json, say
from regx.text import counted

if TYPE_CHECKING:
    from regx.claims.status import ClaimStatus

__all__ = ["claims", "refuse_file"]


def claims(
    claim: Annotated[
        str | None,
        typer.Argument(
            help="Id of one claim, to see it in full.", autocompletion=offer_claims, show_default=False
        ),
    ] = None,
    as_json: options.Json = False,
    figure: Annotated[
        Path | None,
        typer.Option(help="Also draw all effects in one figure, an SVG file.", show_default=False),
    ] = None,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Judge again from measures.csv, and store the verdicts.")
    ] = False,
    tier: Annotated[
        Literal["smoke", "cpu", "gpu"] | None,
        typer.Option(help="Tier of the results. Default: the largest tier that has any.", show_default=False),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            help="Folder of results. Default: results, and those of the package.", show_default=False
        ),
    ] = None,
    experiments: options.Experiments = None,
) -> None:
    """List the claims and their verdicts. Nothing is trained.

    Example: regx claims C01
    """
    from regx.claims.registry import Registered, read_registry
    from regx.claims.status import claim_statuses, default_results, row_of, starter_results
    from regx.cli.claims_text import claim_lines, print_table
    from regx.config.errors import UsageError

    if figure is not None and figure.suffix != ".svg":
        raise UsageError(f"--figure: must be a file that ends in .svg (got {str(figure)!r})")
    registry = read_registry(experiments)
    root = results or default_results()
    refuse_file(root)
    if not root.is_dir():
        say(f"{root}: no such folder, so no claim has a verdict; `regx reproduce` makes one")
    if claim is not None:
        item = registry.find(claim)
        claim = item.judged_as if isinstance(item, Registered) else item.id
    if recompute:
        from regx.claims.judge import judge_tier

        for at in (tier,) if tier else ("smoke", "cpu", "gpu"):
            judged = judge_tier(registry, root, at)
            if judged:
                say(f"{root / at}: judged {counted(len(judged), 'claim')} from measures.csv")
    found = claim_statuses(registry, root, tier, below=None if results else starter_results())
    if figure is not None:
        _draw(figure, found)
    one = next((status for status in found if status.id == claim), None)
    if as_json:
        print_json({**row_of(one), **_stored(one)} if one else [row_of(status) for status in found])
    elif one:
        for line in claim_lines(one, plain_console().width):
            echo(line)
    else:
        print_table(plain_console(), found)


def refuse_file(results: Path) -> None:
    """Refuse a file where the folder of the results belongs.

    Raises:
        UsageError: If it is one.
    """
    from regx.config.errors import UsageError

    if results.exists() and not results.is_dir():
        raise UsageError(f"--results {results}: is a file, not a folder of results")


def _draw(path: Path, found: "Sequence[ClaimStatus]") -> None:
    """Draw all effects in one figure."""
    from regx.figures.claims import save_claims_figure

    path.parent.mkdir(parents=True, exist_ok=True)
    save_claims_figure(path, found)
    say(f"{path}: written")


def _stored(status: "ClaimStatus") -> dict[str, object]:
    """Return everything that is stored of one claim."""
    records = {"result": status.result, "checked": status.checked}
    return {name: record.model_dump(mode="json") for name, record in records.items() if record is not None}
