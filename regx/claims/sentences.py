"""The tested text from sentences.yaml: which claims test each sentence, and where the text is loose."""

from dataclasses import dataclass
from functools import cache

from regx.reading import read_beside

__all__ = ["CourseText", "LoosePoint", "Sentence", "course_text", "loose_points"]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence of the tested text, or a half of one where its halves are tested apart.

    Attributes:
        id: `S1` and on, in the order of the text.
        text: Its exact words.
        claims: The claims that test it.
        why_untested: Why it has none.
    """

    id: str
    text: str
    claims: list[str]
    why_untested: str = ""


@dataclass(frozen=True, kw_only=True)
class LoosePoint:
    """A place where the tested text is loose or wrong in itself, whatever a run shows.

    Attributes:
        sentences: That it is about.
        claims: Which claims have to say so.
        says: What is loose, and what would be exact.
    """

    sentences: list[str]
    claims: list[str]
    says: str


@dataclass(frozen=True, kw_only=True)
class CourseText:
    """All of it.

    Attributes:
        name: Of the text.
        sentences: In its order.
        loose_points: Where it is loose.
    """

    name: str
    sentences: tuple[Sentence, ...]
    loose_points: tuple[LoosePoint, ...]

    @property
    def claims(self) -> frozenset[str]:
        """Ids of the claims that test it."""
        return frozenset(name for sentence in self.sentences for name in sentence.claims)


@cache
def course_text() -> CourseText:
    """Read the text; a second call reads nothing."""
    content = read_beside(__file__, "sentences.yaml")
    return CourseText(
        name=content["text"],
        sentences=tuple(Sentence(**sentence) for sentence in content["sentences"]),
        loose_points=tuple(LoosePoint(**point) for point in content["loose_points"]),
    )


def loose_points(claim_id: str) -> tuple[str, ...]:
    """Return what a claim has to say of the wording that it tests."""
    return tuple(point.says for point in course_text().loose_points if claim_id in point.claims)
