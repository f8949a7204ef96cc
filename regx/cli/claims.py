"""`regx claims`: every claim with its verdict, or one of them in full."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from regx.cli.claims_text import claim_lines, print_table
from regx.cli.progress import say
from regx.config.errors import UsageError
from regx.report.claim_rows import row_of

if TYPE_CHECKING:
    from regx.claims.standing import Standing

__all__ = ["claims"]


def claims(
    claim: Annotated[
        str | None, typer.Argument(help="Id of one claim, to see it in full.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    figure: Annotated[
        Path | None,
        typer.Option(help="Also draw all effects in one figure, an SVG file.", show_default=False),
    ] = None,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Judge anew from measures.csv, and store the verdicts.")
    ] = False,
    tier: Annotated[
        Literal["smoke", "cpu", "gpu"] | None,
        typer.Option(help="Whose results: the largest tier that has any, if omitted.", show_default=False),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the results. Default: results, over those that came along.", show_default=False
        ),
    ] = None,
    experiments: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of experiments, in place of those known.", show_default=False),
    ] = None,
) -> None:
    """List what is claimed, and what holds of it. Nothing is trained.

    Example: regx claims C01
    """
    from regx.claims.registry import read_registry
    from regx.claims.standing import default_results, standings, starter_results

    registry = read_registry(experiments)
    root = results or default_results()
    if claim is not None:
        registry.find(claim)
    if recompute:
        from regx.claims.judge import judge_tier

        for at in (tier,) if tier else ("smoke", "cpu", "gpu"):
            judged = judge_tier(registry, root, at)
            if judged:
                say(f"{root / at}: judged {len(judged)} claim{'s' * (len(judged) > 1)} from measures.csv")
    found = standings(registry, root, tier, below=None if results else starter_results())
    if figure is not None:
        _draw(figure, found)
    wanted = [standing for standing in found if claim in (None, standing.id)]
    if as_json:
        rows = [row_of(standing) for standing in wanted]
        if claim is not None:
            typer.echo(json.dumps({**rows[0], **_details(wanted[0])}, indent=2))
        else:
            typer.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console

    console = Console(highlight=False)
    if claim is not None:
        for line in claim_lines(wanted[0], console.width):
            typer.echo(line)
    else:
        print_table(console, found)


def _draw(path: Path, found: "Sequence[Standing]") -> None:
    """Draw all effects in one figure."""
    from regx.report.claims_figure import save_claims_figure

    if path.suffix != ".svg":
        raise UsageError(f"--figure: must be a file that ends in .svg (got {str(path)!r})")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_claims_figure(path, found)
    say(f"{path}: written")


def _details(standing: object) -> dict[str, object]:
    """Return everything that is stored of one claim."""
    stored = {}
    for name in ("result", "checked"):
        record = getattr(standing, name)
        if record is not None:
            stored[name] = record.model_dump(mode="json")
    return stored
