"""Records as JSON files of a numbered format: read whole and checked, or refused with the file's name."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from regx.config.printable import clean
from regx.config.reading import read_text

__all__ = ["Frozen", "read_json"]


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
        ValueError: If it is no record of this format; the message names the file.
        OSError: If it cannot be read.
    """
    try:
        content = clean(json.loads(read_text(path)))
    except (ValueError, RecursionError):
        raise ValueError(f"{path}: is not valid JSON") from None
    found = content.get("format") if isinstance(content, dict) else None
    if found != form:
        raise ValueError(f"{path}: has format {found!r}; this version of regx reads format {form}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{path}: {place}: {first['msg']}") from None
