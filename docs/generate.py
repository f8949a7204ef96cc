"""Write the generated parts of the pages, and docs/claims.svg; with --check only say what is out of date.

A part stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->`. Tables of results come from the files
in results/, which `make results`, `make reproduce`, `make reference`, `make statistics`, `make a-a` and
`make bench` write.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # `benchmarks` is no installed package

from claims_page import claims_page  # noqa: E402
from code_tables import (  # noqa: E402
    claim_tables,
    compared_table,
    exit_code_table,
    experiment_tables,
    measure_table,
    probe_tables,
    settings_tables,
)
from statistics_tables import a_a_claims_tables, a_a_table, coverage_tables  # noqa: E402

from benchmarks.tables import (  # noqa: E402
    demo_output,
    mistakes_output,
    reference_table,
    speed_lines,
    sweep_output,
    sweep_sentences,
    sweep_table,
    throughput_tables,
)
from regx.config.errors import UsageError  # noqa: E402
from regx.figures.claims import describe_claims, save_claims_figure  # noqa: E402

PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "docs/command_line.md": {"exit_codes": exit_code_table},
    "docs/compare.md": {"sweep": sweep_output, "compared": compared_table},
    "docs/configuration.md": {"mistakes": mistakes_output, "settings": settings_tables},
    "docs/probes.md": {"probes": probe_tables},
    "docs/statistics.md": {"coverage": coverage_tables, "a_a": a_a_table, "a_a_claims": a_a_claims_tables},
    "docs/experiments.md": {"experiment": experiment_tables},
    "docs/claims.md": {
        "summary": lambda: claims_page(ROOT).summary(),
        "table": lambda: claims_page(ROOT).table(),
        "sections": lambda: claims_page(ROOT).sections(),
        "sentences": lambda: claims_page(ROOT).sentences(),
    },
    "docs/claims_format.md": {"claim_keys": claim_tables, "measures": measure_table},
    "README.md": {
        "demo": demo_output,
        "sweep_sentences": sweep_sentences,
        "claims": lambda: claims_page(ROOT).in_short(),
        "speed": speed_lines,
    },
    "docs/speed.md": {
        "reference": reference_table,
        "throughput": throughput_tables,
        "sweep_throughput": sweep_table,
    },
}


def main() -> None:
    """Rewrite the pages, or exit with a message where one is out of date."""
    for name, parts in PARTS.items():
        path = ROOT / name
        page = path.read_text(encoding="utf-8")
        new = page
        for part, write in parts.items():
            try:
                new = fill(new, part, write())
            except UsageError as error:
                sys.exit(str(error))
        if "--check" not in sys.argv:
            path.write_text(new, encoding="utf-8", newline="\n")
        elif new != page:
            sys.exit(f"{path}: is out of date; run `python docs/generate.py`")
    draw_claims(ROOT / "docs" / "claims.svg")


def draw_claims(path: Path) -> None:
    """Draw the figure of all claims; what is checked is what it shows in words, no bytes of a library."""
    statuses = claims_page(ROOT).statuses
    if "--check" not in sys.argv:
        save_claims_figure(path, statuses)
    elif escape(describe_claims(statuses)) not in path.read_text(encoding="utf-8"):
        sys.exit(f"{path}: is out of date; run `python docs/generate.py`")


def fill(page: str, part: str, text: str) -> str:
    """Put a text between the two marks of its part."""
    begin, end = f"<!-- {part}: begin -->\n", f"<!-- {part}: end -->\n"
    if page.count(begin) != 1 or page.count(end) != 1:
        sys.exit(f"the marks of the part {part} are missing, or there twice")
    head, _, rest = page.partition(begin)
    return head + begin + text.strip("\n") + "\n" + end + rest.partition(end)[2]


if __name__ == "__main__":
    main()
