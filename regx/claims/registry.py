"""The claims that there are: those of experiments, found by walking their folders, and the mechanical ones.

Reading is light: a file's `claims` are read, and the many configs of its experiment are not resolved.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from regx.claims.exact import MechanicalClaim, all_mechanical
from regx.config.errors import UsageError
from regx.config.load import document_kind
from regx.config.load_experiment import load_tiers
from regx.config.ready_made import starter_root
from regx.config.schema import editor_line
from regx.config.sections.claim import ClaimConfig
from regx.config.yaml_tree import Node, plain, read_yaml
from regx.runs.path_kind import is_there, what_is
from regx.text import near_names

__all__ = ["Registered", "Registry", "file_digest", "read_registry", "starter_folder"]

_EDITOR_LINE = editor_line("").rstrip("\n").encode()


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A claim of an experiment.

    Attributes:
        claim: As the file has it.
        experiment: Name of the experiment.
        path: Its file.
    """

    claim: ClaimConfig
    experiment: str
    path: Path

    @property
    def id(self) -> str:
        """The claim's id."""
        return self.claim.id

    @property
    def judged_as(self) -> str:
        """Id of the claim that it is judged with: its own, or of a setting that of the whole claim."""
        return self.claim.part_of or self.id

    @property
    def says(self) -> str:
        """The sentence in short."""
        return self.claim.says

    @property
    def quote(self) -> str:
        """The exact words that are tested; empty where it quotes nothing."""
        return self.claim.quote

    @property
    def source(self) -> str:
        """The paper or page that it rests on."""
        return self.claim.source


@dataclass(frozen=True, kw_only=True)
class Registry:
    """All claims.

    Attributes:
        registered: Claims of experiments, and the settings that are parts of others, ordered by id.
        mechanical: Claims that need no statistics, ordered by id.
    """

    registered: tuple[Registered, ...]
    mechanical: tuple[MechanicalClaim, ...]

    @property
    def empirical(self) -> tuple[Registered, ...]:
        """Claims of experiments, each once: settings count with the claim that they are part of."""
        return tuple(item for item in self.registered if item.claim.part_of is None)

    @property
    def claims(self) -> "tuple[Registered | MechanicalClaim, ...]":
        """Every claim that is judged by itself."""
        return (*self.empirical, *self.mechanical)

    @cached_property
    def family_sizes(self) -> dict[str, int]:
        """How many claims are registered in each family; those without results count as tests too."""
        return dict(Counter(item.claim.family for item in self.empirical))

    def settings_of(self, item: Registered) -> tuple[Registered, ...]:
        """Return a claim and its other settings, each of which is enough."""
        others = {other.id: other for other in self.registered if other.claim.part_of == item.id}
        return (item, *(others[name] for name in item.claim.any_of))

    def only(self, ids: Collection[str]) -> "Registry":
        """Return the claims of these ids, with all their settings."""
        return Registry(
            registered=tuple(item for item in self.registered if item.judged_as in ids),
            mechanical=tuple(claim for claim in self.mechanical if claim.id in ids),
        )

    def find(self, claim_id: str) -> Registered | MechanicalClaim:
        """Find a claim by its id, in small letters too.

        Raises:
            UsageError: If there is none of this id; the message names the one that may have been meant.
        """
        known: dict[str, Registered | MechanicalClaim] = {item.id: item for item in self.registered}
        known |= {claim.id: claim for claim in self.mechanical}
        if claim_id.upper() in known:
            return known[claim_id.upper()]
        raise UsageError(f"{claim_id}: {self._why_not(claim_id)}")

    def _why_not(self, word: str) -> str:
        """Say what a word is that is no id: an experiment, or an id with a slip."""
        place = Path(word)
        own = [
            item
            for item in self.registered
            if word == item.experiment or place.absolute() == item.path.absolute()
        ]
        if own:
            return f"is an experiment, not a claim; its claims: {', '.join(item.id for item in own)}"
        if is_there(place) and (place.is_dir() or place.suffix in (".yaml", ".yml")):
            return f"no such claim; it {what_is(place)}"
        ids = [claim.id for claim in self.claims]
        near = [name for name in ids if _bare(name) == _bare(word)] or near_names(word.upper(), ids)
        return f"no such claim{f'; did you mean {near[0]!r}?' if near else '; `regx claims` lists them'}"


def _bare(claim_id: str) -> str:
    """Take from an id what is easily mistaken: `C1`, `c-01` and `CO1` (a letter) are alike."""
    head, number = claim_id[:1].upper(), re.sub(r"[^A-Z0-9]", "", claim_id[1:].upper())
    return head + number.translate(str.maketrans("OIL", "011")).lstrip("0")


def starter_folder() -> Path:
    """Return the folder of the ready-made experiments: of the clone, or inside an installed package."""
    return starter_root() / "experiments"


def read_registry(folders: Sequence[Path] | None = None) -> Registry:
    """Read every claim.

    Args:
        folders: Folders of experiments, which are walked; of two experiments of one name the first counts.
            None: `experiments` here, then the ready-made ones.

    Raises:
        UsageError: If a file is wrong, two claims share an id, or a claim names settings that are not there.
    """
    for folder in folders or ():
        if not folder.is_dir():
            reason = "is a file, not a folder of experiments" if folder.exists() else "no such folder"
            raise UsageError(f"--experiments {folder}: {reason}")
    registered: dict[str, Registered] = {}
    for path, tree in _experiments(folders or (Path("experiments"), starter_folder())):
        for item in _claims(path, tree):
            if item.id in registered:
                raise UsageError(f"{path}: {item.id}: is in {registered[item.id].path} already")
            registered[item.id] = item
    _check_settings(registered)
    return Registry(
        registered=tuple(registered[name] for name in sorted(registered)), mechanical=all_mechanical()
    )


def file_digest(path: Path) -> str:
    """Hash an experiment's file with all that it builds on, byte by byte: equal means nothing has changed.

    The line for editors does not count: the copies that `regx init` makes begin with it.
    """
    digest = hashlib.sha256()
    for file in _chain(path):
        content = file.read_bytes()
        if content.startswith(_EDITOR_LINE):
            content = content.partition(b"\n")[2]
        digest.update(content + b"\0")
    return digest.hexdigest()


def _chain(path: Path) -> Iterator[Path]:
    """List a file, its base, and what that extends."""
    seen: set[Path] = set()
    while path.is_file() and path.resolve() not in seen:
        seen.add(path.resolve())
        yield path
        tree = read_yaml(path, [])
        links = (tree.value.get(key) for key in ("base", "extends")) if isinstance(tree.value, dict) else ()
        below = next((link.value for link in links if link and isinstance(link.value, str)), None)
        if below is None:
            return
        path = path.parent / below


def _experiments(folders: Sequence[Path]) -> Iterator[tuple[Path, Node]]:
    """Walk to the experiments, each name once; their paths are as their folder's was given, to be shown."""
    seen: set[str] = set()
    given = {folder.resolve(): folder for folder in reversed(folders) if folder.is_dir()}
    for folder in reversed(given.values()):
        for path in sorted(file for file in folder.rglob("*.y*ml") if file.is_file()):
            tree = read_yaml(path, [])
            name = tree.find(("name",)).value
            if document_kind(tree) == "experiment" and isinstance(name, str) and name not in seen:
                seen.add(name)
                yield path, tree


def _claims(path: Path, tree: Node) -> Iterator[Registered]:
    node = tree.find(("claims",))
    content: Any = plain(node) if node is not tree else []
    try:
        claims = [ClaimConfig.model_validate(claim) for claim in content]
    except (ValidationError, TypeError):
        load_tiers(path)  # says what is wrong, at its line
        raise UsageError(f"{path}: the claims cannot be read; see `regx validate {path}`") from None
    for claim in claims:
        yield Registered(claim=claim, experiment=str(tree.find(("name",)).value), path=path)


def _check_settings(registered: dict[str, Registered]) -> None:
    """See that the settings of a claim and the claim know one another."""
    for item in registered.values():
        for name in item.claim.any_of:
            if name not in registered or registered[name].claim.part_of != item.id:
                raise UsageError(f"{item.path}: {item.id}: any_of: no claim {name} with `part_of: {item.id}`")
        whole = item.claim.part_of
        if whole is not None and (whole not in registered or item.id not in registered[whole].claim.any_of):
            raise UsageError(f"{item.path}: {item.id}: part_of: no claim {whole} with {item.id} in `any_of`")
