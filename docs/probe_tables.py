"""The tables of docs/probes.md, from what the probes say of themselves."""

from regx.probes import find, known

__all__ = ["probe_tables"]


def probe_tables() -> str:
    """Return one section for each probe, with a table of its quantities."""
    return "".join(section(name) for name in known())


def section(name: str) -> str:
    """Return the section of one probe."""
    spec = find(name)
    rows = "".join(
        f"| `{quantity}` | {meaning.replace('|', chr(92) + '|')} |\n"
        for quantity, meaning in spec.quantities.items()
    )
    return f"\n### {name}\n\n{spec.description}\n\n| quantity | meaning |\n|---|---|\n{rows}"
