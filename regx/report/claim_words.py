"""How the numbers of a claim are written: effects with intervals, and what was asked of them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regx.claims.results import PartResult
    from regx.config.sections.claim import PublishedConfig

__all__ = [
    "scaled",
    "scaled_value",
    "show_effect",
    "show_measured",
    "show_p",
    "show_published",
    "show_value",
    "show_wanted",
]

_WANTED = {
    "smallest_effect": "at least {}",
    "not_worse_than": "not below −{}",
    "within": "within ±{}",
    "always": "always {}",
}
_VERIFIED = {"read": "read there", "secondary": "from a secondary text", "memory": "from memory"}


def scaled(unit: str) -> tuple[float, str]:
    """Return the factor and the unit that differences are shown with: fractions as percentage points."""
    return (100.0, "pp") if unit == "fraction" else (1.0, unit)


def scaled_value(unit: str) -> tuple[float, str]:
    """Return the factor and the unit that the numbers themselves are shown with: fractions as per cent."""
    return (100.0, "%") if unit == "fraction" else (1.0, unit)


def show_effect(part: "PartResult") -> str:
    """Write an effect with its interval: `+0.213 [0.190, 0.236] nats`."""
    if part.mean is None:
        return part.problem or "–"
    factor, unit = scaled(part.unit)
    text = show_value(factor * part.mean, sign=part.mean != 0)
    if part.low is not None and part.high is not None:
        text += f" [{show_value(factor * part.low)}, {show_value(factor * part.high)}]"
    return f"{text} {unit}".strip()


def show_wanted(part: "PartResult") -> str:
    """Write what had to come out: `at least 0.05`; nothing where nothing had to."""
    if not part.criterion or part.amount is None:
        return ""
    return _WANTED[part.criterion].format(show_value(scaled(part.unit)[0] * part.amount))


def show_value(value: float, *, sign: bool = False) -> str:
    """Write a number with three digits that count."""
    text = f"{value:+.3g}" if sign else f"{value:.3g}"
    return text.replace("-", "−")


def show_p(p: float) -> str:
    """Write a p-value."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def show_published(published: "PublishedConfig") -> str:
    """Write what a source reports, where it stands there, and how well that is known."""
    return f"{published.figures} ({published.where}; {_VERIFIED[published.verified]})"


def show_measured(value: float | str) -> str:
    """Write what the check of a mechanical claim measured."""
    return value if isinstance(value, str) else f"{value:.6g}"
