"""The sections of docs/claims.md: of each claim the sentence, its parts, how it was tuned, and a comment."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from claim_comments import Comment
from markdown_blocks import table

from regx.claims.facts import certainty, part_facts, remark
from regx.claims.registry import Registered, Registry
from regx.claims.results import ClaimResult, MechanicalResult, PartResult
from regx.claims.status import HEADS, ClaimStatus, cells_of, claim_statuses
from regx.claims.tuned import show_tuning
from regx.config import Tier

__all__ = ["TIERS", "Sections", "run_seconds"]

TIERS: tuple[Tier, ...] = ("cpu", "gpu")
PARTS = ("measure, contrast", "arms", "asked for", "effect [interval]", "n", "p", "result")


@dataclass(frozen=True, kw_only=True)
class Sections:
    """Writes one claim after another: paragraphs, of which those with nothing to say are empty.

    Attributes:
        registry: All claims.
        results: Folder of the results.
        root: Folder above docs/, from which links go out.
        comments: Written by hand, by id of the claim.
    """

    registry: Registry
    results: Path
    root: Path
    comments: dict[str, Comment]

    def section(self, status: ClaimStatus) -> Iterator[str]:
        """Write one claim."""
        claim, comment = status.claim, self.comments.get(status.id)
        links = ", ".join(self._links(status))
        yield f"**{status.says}** Verdict: **{status.label}**{f' ({links})' if links else ''}"
        yield f"> {f'“{claim.quote}” ' if claim.quote else ''}({claim.source})"
        yield remark(status)
        if status.checked is not None:
            yield _check(status.checked)
        if status.result is not None and not status.is_stale:
            yield from self._result(status, status.result)
        yield f"**Comment.** {comment.text}" if comment else ""

    def _links(self, status: ClaimStatus) -> Iterator[str]:
        """Link to the experiment and the numbers of each setting."""
        if isinstance(status.claim, Registered):
            yield f"[experiment]({self._link(status.claim.path)})"
        for setting, folder in status.settings:
            name = setting.id if len(status.settings) > 1 else "numbers"
            if folder.measures.is_file():
                yield f"[{name}]({self._link(folder.measures)})"

    def _result(self, status: ClaimStatus, result: ClaimResult) -> Iterator[str]:
        """Write what came of a claim of an experiment, setting by setting."""
        for setting, folder in status.settings:
            if folder.figure(setting.id).is_file():
                yield f"![{setting.id}, every seed]({self._link(folder.figure(setting.id))})"
            yield f"In `{setting.experiment}`:" if result.settings else ""
            parts = result.parts_in(setting.id)
            yield table(PARTS, [_row(part) for part in parts]).strip()
            texts = [f"part {part.part}: {note}" for part in parts for note in part.notes]
            texts.append(show_tuning(folder, setting.id))
            if not result.settings:
                texts += [*certainty(result), *self._other_tiers(status)]
            yield "\n".join(f"- {text}" for text in texts)
        if result.settings:
            yield "\n".join(f"- {text}" for text in (*certainty(result), *self._other_tiers(status)))

    def _other_tiers(self, status: ClaimStatus) -> Iterator[str]:
        for tier in TIERS:
            if tier == status.tier:
                continue
            for other in claim_statuses(self.registry, self.results, tier):
                if other.id == status.id and other.result:
                    effect = cells_of(other)[HEADS.index("effect [95 % interval]")]
                    yield f"at tier {tier}: {', '.join(filter(None, (other.label, effect)))}"

    def _link(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.root / "docs")).as_posix()


def _check(checked: MechanicalResult) -> str:
    """Say what an exact check found."""
    decided = [row for row in checked.measured if row.criterion]
    failed = [row.name for row in decided if not row.holds]
    reading = f" Reading: {checked.reading}." if checked.reading else ""
    text = f"{len(decided) - len(failed)} of {len(decided)} checks hold.{reading}"
    return text + "".join(f" Failed: {name}." for name in failed)


def _row(part: PartResult) -> list[str]:
    facts = part_facts(part)
    return [
        f"`{facts.heading}`",
        facts.means,
        facts.wanted,
        facts.effect,
        str(part.num_seeds),
        facts.p,
        facts.answer,
    ]


def run_seconds(path: Path) -> dict[str, float]:
    """Read how long each run of an experiment took, by its folder; nothing where there is no file."""
    if not path.is_file():
        return {}
    return pd.read_csv(path, index_col="folder")["seconds"].fillna(0).to_dict()
