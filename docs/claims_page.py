"""The generated parts of docs/claims.md and of README.md: the status of every claim, and what was found."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from benchmarks.tables import table
from regx.claims.facts import certainty, part_facts, remark
from regx.claims.registry import Registered, Registry, read_registry
from regx.claims.results import ClaimResult, Gates, MechanicalResult, PartResult, ResultsFolder
from regx.claims.sentences import course_text
from regx.claims.status import HEADS, ClaimStatus, cells_of, claim_statuses, count_verdicts
from regx.claims.tuned import show_tuning
from regx.config import Tier
from regx.config.errors import Problem, UsageError
from regx.config.yaml_tree import plain, read_yaml

__all__ = ["ClaimsPage", "Comment", "claims_page", "read_comments"]

FAMILIES = {"dropout": "Dropout", "batch_norm": "Batch normalisation", "": "Exact checks"}
VERDICTS = ("supported", "contradicted", "inconclusive", "invalid", "stale", "not run")
TIERS: tuple[Tier, ...] = ("cpu", "gpu")
PARTS = ("measure, contrast", "arms", "asked for", "effect [interval]", "n", "p", "result")


@dataclass(frozen=True)
class Comment:
    """An entry of docs/claim_comments.yaml: what somebody has to say of a verdict, beyond its numbers.

    Attributes:
        verdict: That it was written about; it may not outlive that.
        text: Of the comment.
    """

    verdict: str
    text: str

    def check(self, claim_id: str, verdict: str | None) -> None:
        """See that the verdict is still the one that was commented.

        Raises:
            UsageError: If it is not, or there is no such claim.
        """
        place = f"docs/claim_comments.yaml: {claim_id}"
        if verdict is None:
            raise UsageError(f"{place}: no such claim")
        if verdict != self.verdict:
            raise UsageError(
                f"{place}: was written about '{self.verdict}', but the claim is '{verdict}' now; "
                "read the numbers and write it anew, or remove it"
            )


def read_comments(path: Path) -> dict[str, Comment]:
    """Read the comments, by id of the claim; none where there is no file.

    Raises:
        UsageError: If one lacks its verdict or its text.
    """
    if not path.is_file():
        return {}
    problems: list[Problem] = []
    content = plain(read_yaml(path, problems))
    if problems:
        raise UsageError(f"{path}: {problems[0].message}")
    try:
        return TypeAdapter(dict[str, Comment]).validate_python(content)
    except ValidationError as error:
        wrong = ".".join(map(str, error.errors()[0]["loc"]))
        raise UsageError(f"{path}: {wrong}: a comment has `verdict` and `text`") from None


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
        text = ""
        for family, title in self._families():
            text += f"\n## {title}\n"
            for status in self.statuses:
                if _family(status) == family:
                    paragraphs = filter(None, self._paragraphs(status))
                    text += f"\n### {status.id}\n\n" + "\n\n".join(paragraphs) + "\n"
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
            rows_of_runs = ResultsFolder.named(self.results, tier, name).read_runs()
            own = {row.folder: row.seconds for row in rows_of_runs}
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

    def _paragraphs(self, status: ClaimStatus) -> Iterator[str]:
        """Write one claim; a paragraph with nothing to say is empty."""
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
            for other in claim_statuses(self.registry.only([status.id]), self.results, tier):
                if other.result:
                    effect = cells_of(other)[HEADS.index("effect [95 % interval]")]
                    yield f"at tier {tier}: {', '.join(filter(None, (other.label, effect)))}"

    def _link(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.root / "docs")).as_posix()


def _family(status: ClaimStatus) -> str:
    return status.claim.claim.family if isinstance(status.claim, Registered) else ""


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
