"""docs/claim_comments.yaml: what somebody has to say of a verdict, beyond what its numbers say."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from regx.config.errors import Problem, UsageError
from regx.config.yaml_tree import plain, read_yaml

__all__ = ["Comment", "read_comments"]


@dataclass(frozen=True)
class Comment:
    """A comment, and the verdict that it was written about: it may not outlive that."""

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
