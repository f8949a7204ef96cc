"""Records as JSON files of a numbered format, which vouch for themselves: read whole, or refused by name."""

import hashlib
import json
import re
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from regx.config.reading import read_text
from regx.printable import clean, printable
from regx.runs.files import write_text

__all__ = ["Frozen", "read_json", "write_json"]

_SEAL = re.compile(r',\n *"sha256": "(?P<sha256>[0-9a-f]{64})"\n}\n\Z')


class Frozen(BaseModel):
    """What a record is made of: frozen, unknown keys forbidden, numbers finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Record = TypeVar("Record", bound=BaseModel)


def read_json(path: Path, model: type[Record], *, form: int) -> Record:
    """Read a record; what its texts hold that a terminal would obey is escaped.

    Args:
        path: The file.
        model: What it holds; with a field `format`.
        form: The format that this version reads.

    Raises:
        ValueError: If it is no record of this format, or not the one that was written; the message names the
            file.
        OSError: If it cannot be read.
    """
    try:
        text = read_text(path)
        content = clean(json.loads(text))
    except (ValueError, RecursionError):
        raise ValueError(f"{path}: is not valid JSON") from None
    found = content.get("format") if isinstance(content, dict) else None
    if found != form:
        raise ValueError(f"{path}: has format {found!r}; this version of regx reads format {form}")
    if content.pop("sha256", None) is not None:  # older versions wrote none
        seal = _SEAL.search(text)
        if seal is None or _sha256(f"{text[: seal.start()]}\n}}") != seal["sha256"]:
            raise ValueError(f"{path}: is damaged: its content does not have its checksum")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{path}: {place}: {first['msg']}") from None


def write_json(path: Path, record: BaseModel, *, indent: int) -> None:
    """Write a record, whole or not at all, with the SHA-256 of its text as the last entry."""
    text = printable(record.model_dump_json(indent=indent))
    entry = f'"sha256": "{_sha256(text)}"'
    write_text(path, f"{text[:-2]},\n{' ' * indent}{entry}\n}}\n")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
