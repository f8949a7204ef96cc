"""`regx compare` of arms over a grid of one axis: one line per arm, not one group per cell."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from regx.cli.output import echo, plain_console, say

if TYPE_CHECKING:
    from regx.compare.grid import GridComparison

__all__ = ["Form", "show_grid"]

Form = Literal["text", "json", "csv", "md"]


def show_grid(comparison: "GridComparison", out: Path | None, form: Form) -> None:
    """Print the comparison, and save its table and figure.

    Raises:
        OSError: If `out` cannot be written to.
    """
    from regx.compare import grid_page

    saved = [] if out is None else _save(comparison, out)
    if form == "text":
        _print(comparison)
    else:
        write = {"json": grid_page.as_json, "csv": grid_page.as_csv, "md": grid_page.as_markdown}[form]
        echo(write(comparison), nl=False)
    for path in saved:
        say(f"wrote {path}")


def _save(comparison: "GridComparison", out: Path) -> list[Path]:
    from regx.compare import grid_page
    from regx.figures.grid import save_grid
    from regx.reading import OTHER_OUT, advising
    from regx.runs.files import write_text

    with advising(OTHER_OUT):
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "grid.csv", grid_page.as_csv(comparison))
        write_text(out / "grid.md", grid_page.as_markdown(comparison))
        save_grid(out / "grid.svg", comparison)
    return [out / name for name in ("grid.csv", "grid.md", "grid.svg")]


def _print(comparison: "GridComparison") -> None:
    from regx.cli.columns import print_columns
    from regx.compare import grid_page
    from regx.compare.grid_sentences import conclude_grid, grid_notes

    console = plain_console()
    heads, lines = grid_page.arm_lines(comparison)
    print_columns(console, heads, [("", lines)])
    differences = list(grid_page.difference_lines(comparison))
    if differences:
        print_columns(console, grid_page.difference_heads(comparison), differences)
    for line in grid_page.captions(comparison):
        console.print(line, style="dim")
    for line in grid_notes(comparison):
        console.print(f"note: {line}")
    console.print()
    for line in conclude_grid(comparison):
        console.print(line)
