"""The sections of docs/claims.md: one claim, with its figure, what was found, and how far to trust it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from claim_comments import Comment
from markdown_blocks import listed, table

from regx.claims.exact import MechanicalClaim
from regx.claims.prose import contrast_of, found, reliance, say_means
from regx.claims.registry import Registered, Registry
from regx.claims.results import ClaimResult, ResultsFolder
from regx.claims.sentences import loose_points
from regx.claims.standing import Standing, standings
from regx.claims.tuning_words import say_tuning
from regx.claims.words import HEADS, cells_of, effect_of, show_measured, show_published
from regx.config import Tier

__all__ = ["TIERS", "Sections", "run_seconds"]

TIERS: tuple[Tier, ...] = ("cpu", "gpu")


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

    def empirical(self, standing: Standing) -> Iterator[str]:
        """Write a claim of an experiment."""
        item, result = standing.claim, standing.result
        assert isinstance(item, Registered)
        claim = item.claim
        yield self._head(standing)
        yield f"> “{claim.quote}”" if claim.quote else ""
        if result:
            yield from self._figures(standing.tier, item)
        first, *others = found(standing)
        yield f"**What was found.** {first}"
        yield from others
        if result and not standing.is_stale and result.num_seeds:
            yield f"**How far to trust it.** {' '.join([*reliance(item, result), *self._fairness(standing)])}"
        yield self._comment(standing)
        yield from self._other_tiers(standing)
        if result and result.all_beside and not standing.is_stale:
            yield _beside(result)
        yield f"**The source.** {claim.source}."
        reported = [f"- It reports: {show_published(one)}" for one in claim.published]
        here = [f"- Here: {text}" for text in say_means(result)] if result and not standing.is_stale else []
        yield "\n".join([*reported, *here])
        yield listed("**The wording.**", loose_points(item.id), numbered=False)
        yield listed("**Deviations from the source.**", claim.deviations)
        yield listed("**Traps, and what is done against them.**", claim.traps)

    def _head(self, standing: Standing) -> str:
        item, result = standing.claim, standing.result
        assert isinstance(item, Registered)
        words = [f"**{standing.says}** Verdict: **{standing.label}**"]
        words.append(f"[experiment]({self._link(item.path)})")
        if result:
            words.insert(1, f"tier {standing.tier}, {result.when}, code {result.commit}")
            folder = ResultsFolder.named(self.results, standing.tier, item.experiment)
            words.append(f"[numbers]({self._link(folder.measures)})" if folder.measures.is_file() else "")
        return " · ".join(filter(None, words))

    def _figures(self, tier: Tier, item: Registered) -> Iterator[str]:
        """Show the figure of each setting."""
        for setting in self.registry.settings_of(item):
            figure = ResultsFolder.named(self.results, tier, setting.experiment).figure(setting.id)
            if figure.is_file():
                yield f"![{setting.id}: every seed, and what is behind it]({self._link(figure)})"

    def _fairness(self, standing: Standing) -> Iterator[str]:
        """Say how the arms were tuned, and what it all took, setting by setting."""
        assert isinstance(standing.claim, Registered)
        for setting in self.registry.settings_of(standing.claim):
            folder = ResultsFolder.named(self.results, standing.tier, setting.experiment)
            if not folder.lock.is_file() or not folder.runs.is_file():
                continue
            lock = folder.read_lock()
            prefix = f"{setting.id}: " if standing.claim.claim.any_of else ""
            if setting.id in lock.claims:
                yield prefix + say_tuning(lock, folder.runs, setting.id)
            own = run_seconds(folder.runs)
            others = [
                other.id
                for other in self.registry.registered
                if other.experiment == setting.experiment and other.id != setting.id
            ]
            shared = f", shared with {', '.join(others)}" if others else ""
            yield f"{len(own)} runs, {max(1, round(sum(own.values()) / 60))} minutes of computing{shared}."

    def _other_tiers(self, standing: Standing) -> Iterator[str]:
        for tier in TIERS:
            if not standing.result or tier == standing.tier:
                continue
            for other in standings(self.registry, self.results, tier):
                if other.id == standing.id and other.result:
                    effect = cells_of(other)[HEADS.index("effect [95 % interval]")]
                    yield f"At tier {tier}: {', '.join(filter(None, (other.label, effect)))}."

    def mechanical(self, standing: Standing) -> Iterator[str]:
        """Write a claim that an exact check answers."""
        claim, checked = standing.claim, standing.checked
        assert isinstance(claim, MechanicalClaim)
        when = f" · exact check, {checked.when}, code {checked.commit}" if checked else ""
        yield f"**{claim.says}** Verdict: **{standing.label}**{when}"
        yield f"> “{claim.quote}”"
        if checked is None:
            yield f"**What was found.** Not run yet; `regx reproduce {claim.id}` runs it."
        else:
            decided = [row for row in checked.measured if row.criterion]
            holding = sum(row.holds for row in decided)
            reading = f" Reading: {checked.reading}." if checked.reading else ""
            yield (
                f"**What was found.** {standing.verdict.capitalize()}.{reading} {holding} of {len(decided)} "
                "checks hold; they are exact or of known probability, and need no seeds."
            )
            yield self._comment(standing)
            rows = [
                [
                    row.name,
                    show_measured(row.value),
                    row.criterion,
                    "" if not row.criterion else "yes" if row.holds else "**no**",
                ]
                for row in checked.measured
            ]
            yield table(["measured", "is", "has to be", "holds"], rows, left=4).strip()
        yield f"**Holds if** {claim.passes_if}."
        yield f"**The source.** {claim.source}."
        yield listed("**Notes.**", claim.notes, numbered=False)

    def _comment(self, standing: Standing) -> str:
        comment = self.comments.get(standing.id)
        return f"**Comment.** {comment.text}" if comment else ""

    def _link(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.root / "docs")).as_posix()


def _beside(result: ClaimResult) -> str:
    """Make the table of what decides nothing, with the experiment where there are several."""
    rows = [
        [
            *([f"`{experiment}`"] if experiment else []),
            part.label,
            f"`{contrast_of(part)}`",
            "; ".join([effect_of(part), *part.notes]),
        ]
        for experiment, part in result.all_beside
    ]
    heads = ["beside it, deciding nothing", "contrast", "effect [95 % interval]"]
    return table([*(["setting"] if len(rows[0]) > len(heads) else []), *heads], rows).strip()


def run_seconds(path: Path) -> dict[str, float]:
    """Read how long each run of an experiment took, by its folder; nothing where there is no file."""
    if not path.is_file():
        return {}
    return pd.read_csv(path, index_col="folder")["seconds"].fillna(0).to_dict()
