"""Draws a figure for a test, and checks what holds of every figure."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from matplotlib.figure import Figure

MAX_BYTES = 300_000


def draw(
    save: Callable[[Path], Figure], folder: Path, *, max_bytes: int = MAX_BYTES
) -> tuple[Figure, list[str]]:
    """Draw a figure: it is well-formed, not too large, and nothing of it is cut off.

    Returns:
        The figure, and its texts in the order in which they are drawn.
    """
    figure = save(folder / "a.svg")
    content = (folder / "a.svg").read_text()
    assert len(content) < max_bytes
    ElementTree.fromstring(content)
    box = figure.get_tightbbox()
    assert min(box.x0, box.y0) >= 0
    assert box.x1 <= figure.get_figwidth()
    assert box.y1 <= figure.get_figheight()
    return figure, re.findall("<!-- (.*?) -->", content)
