"""The generated parts of docs/claims.md and of README.md: the status of every claim, and what was found."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from claim_comments import Comment, read_comments
from claim_sections import TIERS, Sections, run_seconds
from markdown_blocks import table

from regx.claims.registry import Registered, Registry, read_registry
from regx.claims.results import Gates, ResultsFolder
from regx.claims.sentences import course_text
from regx.claims.status import HEADS, ClaimStatus, cells_of, claim_statuses, count_verdicts
from regx.config import Tier

__all__ = ["ClaimsPage", "claims_page"]

FAMILIES = {"dropout": "Dropout", "batch_norm": "Batch normalisation", "": "Exact checks"}
VERDICTS = ("supported", "contradicted", "inconclusive", "invalid", "stale", "not run")


@cache
def claims_page(root: Path) -> "ClaimsPage":
    """Make the page of a clone: of the claims that test the text, whatever others its experiments have.

    Raises:
        UsageError: If a file is damaged, or a comment is about another verdict.
    """
    comments = read_comments(root / "docs" / "claim_comments.yaml")
    registry = read_registry([root / "experiments"]).only(course_text().claims)
    return ClaimsPage(registry=registry, results=root / "results", root=root, comments=comments)


@dataclass(frozen=True, kw_only=True)
class ClaimsPage:
    """Everything that the page tells of.

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

    @cached_property
    def statuses(self) -> list[ClaimStatus]:
        """The status of every claim; each comment is about the verdict that it names."""
        found = claim_statuses(self.registry, self.results)
        verdicts = {status.id: status.verdict for status in found}
        for name, comment in self.comments.items():
            comment.check(name, verdicts.get(name))
        return found

    def summary(self) -> str:
        """Count the verdicts, the runs and their time."""
        rows = []
        for family, title in self._families():
            own = [status for status in self.statuses if _family(status) == family]
            counts = [sum(status.verdict == verdict for status in own) for verdict in VERDICTS]
            rows.append([title, str(len(own)), *(str(count or "") for count in counts)])
        text = f"{len(self.statuses)} claims: {count_verdicts(self.statuses)}.\n\n"
        text += table(["family", "claims", *VERDICTS], rows)
        return text + "".join(self._cost(tier) for tier in TIERS if (self.results / tier).is_dir())

    def in_short(self) -> str:
        """List the empirical claims by verdict, each with its effect, for the README."""
        exact = [status for status in self.statuses if status.checked is not None]
        text = ""
        for verdict in VERDICTS:
            own = [s for s in self.statuses if s.verdict == verdict and s.checked is None]
            if not own:
                continue
            text += f"**{verdict.capitalize()}** ({len(own)})\n\n"
            for status in own:
                name, says, label, effect, *_ = cells_of(status)
                shown = f" · {label.removeprefix(verdict).strip(' ()')}" if label != verdict else ""
                shown += f" · {effect}" if effect else ""
                text += f"- [{name}](docs/claims.md#{name.lower()}) {says}{shown}\n"
            text += "\n"
        return f"{text}And of {len(exact)} exact checks: {count_verdicts(exact)}."

    def table(self) -> str:
        """Return a row for each claim; `regx claims` has the date and the code too."""
        num_heads = HEADS.index("when")
        rows = []
        for status in self.statuses:
            name, *others = cells_of(status)[:num_heads]
            rows.append([f"[{name}](#{name.lower()})", *others])
        return table(HEADS[:num_heads], rows)

    def sections(self) -> str:
        """Return a section for each claim, family by family."""
        sections = Sections(
            registry=self.registry, results=self.results, root=self.root, comments=self.comments
        )
        text = ""
        for family, title in self._families():
            text += f"\n## {title}\n"
            for status in self.statuses:
                if _family(status) != family:
                    continue
                text += f"\n### {status.id}\n\n" + "\n\n".join(filter(None, sections.section(status))) + "\n"
        return text

    def sentences(self) -> str:
        """List the sentences of the tested text that have no claim, each with the reason."""
        without = [sentence for sentence in course_text().sentences if not sentence.claims]
        reasons = (f"- {one.id}, “{one.text}”: {one.why_untested}\n" for one in without)
        return "".join(reasons)

    def _families(self) -> Iterator[tuple[str, str]]:
        names = dict.fromkeys(item.claim.family for item in self.registry.empirical)
        return ((name, FAMILIES.get(name, name.capitalize())) for name in (*sorted(names, reverse=True), ""))

    def _cost(self, tier: Tier) -> str:
        """Say what the runs of a tier took, experiment by experiment."""
        owners: dict[str, list[str]] = {}
        for item in self.registry.registered:
            owners.setdefault(item.experiment, []).append(item.judged_as)
        seconds: dict[str, float] = {}
        rows = []
        for name, claims in owners.items():
            own = run_seconds(ResultsFolder.named(self.results, tier, name).runs)
            cells = [str(len(own)), f"{sum(own.values()) / 60:.0f}"] if own else ["", "not run"]
            rows.append([f"`{name}`", ", ".join(dict.fromkeys(claims)), *cells])
            seconds |= own
        hours = sum(seconds.values()) / 3600
        text = f"\nTier `{tier}`: {len(seconds):,} runs, tuning included, took {hours:.1f} "
        text += f"{'CPU' if tier == 'cpu' else 'GPU'}-hours.{self._gates(tier)}\n\n"
        unit = "CPU minutes" if tier == "cpu" else "GPU minutes"
        return text + table(["experiment", "claims", "runs", unit], rows, left=2)

    def _gates(self, tier: Tier) -> str:
        path = self.results / tier / "gates.json"
        if not path.is_file():
            return ""
        gates = Gates.read(path).gates
        held = sum(gate.holds is True for gate in gates)
        return f" Sanity gates that hold: {held} of {len(gates)}."


def _family(status: ClaimStatus) -> str:
    return status.claim.claim.family if isinstance(status.claim, Registered) else ""
