"""Seeds as people write them: `3`, `0-4`, `0,1,5`, `0-2,7`."""

import re
from collections.abc import Iterator

from regx.config.sections.fields import MAX_SEED
from regx.text import cut

__all__ = ["MAX_SEEDS", "SEEDS_PATTERN", "parse_seeds"]

MAX_SEEDS = 1000  # in one command or one experiment
SEEDS_PATTERN = r"^\s*\d+\s*(-\s*\d+\s*)?(,\s*\d+\s*(-\s*\d+\s*)?)*$"  # for editors; the parser says why not
_LONGEST = 60  # characters that a message repeats
_PART = re.compile(r"(0|[1-9][0-9]*)(?:\s*-\s*(0|[1-9][0-9]*))?")


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read a list of seeds, in the order in which they stand there.

    Args:
        text: Seeds and ranges `first-last`, both ends included, separated by commas.

    Raises:
        ValueError: If it is no such list, a range runs backwards, a seed comes twice or is out of range, or
            there are too many; the message is what a user reads after the place.
    """
    seeds: list[int] = []
    seen: set[int] = set()
    for part in text.split(","):
        for seed in _read_part(part.strip(), text):
            if seed in seen:
                raise ValueError(f"has {seed} twice")
            seen.add(seed)
            seeds.append(seed)
            if len(seeds) > MAX_SEEDS:
                raise ValueError(f"has too many seeds; at most {MAX_SEEDS:,} are allowed")
    return tuple(seeds)


def _read_part(part: str, text: str) -> Iterator[int]:
    """Read one seed, or one range."""
    if re.fullmatch(r"-[0-9]+", part):
        raise ValueError(f"must be >= 0 (got {cut(part, _LONGEST)})")
    found = _PART.fullmatch(part)
    if found is None:
        raise ValueError(f"must be a seed, a range or several: 3, 0-4 or 0,1,5 (got {cut(text, _LONGEST)!r})")
    ends = [end for end in found.groups() if end is not None]
    for end in ends:
        if len(end) > len(str(MAX_SEED)) or int(end) > MAX_SEED:
            raise ValueError(f"must be <= {MAX_SEED} (got {cut(end, _LONGEST)})")
    first, last = int(ends[0]), int(ends[-1])
    if last < first:
        raise ValueError(f"{first}-{last} runs backwards: write {last}-{first}")
    return iter(range(first, last + 1))
