"""Files that grow, and end at a whole row whatever happens."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from regx.config.reading import open_regular, read_bytes, read_text
from regx.runs.files import atomic_path

__all__ = ["GrowingFile", "read_lines"]


class GrowingFile:
    """A table that grows by whole rows. What is in memory, not what a disk gives back, says what it holds.

    Attributes:
        path: The file; not there before its first row.
        content: All that was written.
    """

    def __init__(self, path: Path, header: str) -> None:
        self.path = path
        self.content = bytearray()
        self._header = f"{header}\n".encode()

    def append(self, lines: str) -> None:
        """Append rows, after the header where they are the first; they outlive this process at once.

        Raises:
            OSError: If the disk is full, say; the file then ends where it ended before.
        """
        if not lines:
            return
        added = lines.encode() if self.content else self._header + lines.encode()
        with open_regular(self.path, "ab") as file:
            end = file.tell()
            try:
                if file.write(added) != len(added):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            except OSError:
                file.truncate(end)
                raise
        self.content += added

    def restore(self, content: bytes) -> None:
        """Hold what it held at an earlier moment; later rows go, and what is damaged is written anew."""
        self.content = bytearray(content)
        if not content:
            self.path.unlink(missing_ok=True)
        elif not self.path.exists() or read_bytes(self.path) != content:
            with atomic_path(self.path) as temporary:
                temporary.write_bytes(content)

    def holds(self, content: bytes) -> bool:
        """Whether the file on disk begins with this."""
        if not self.path.exists():
            return not content
        with open_regular(self.path) as file:
            return file.read(len(content)) == content


def read_lines(path: Path, header: str) -> Iterator[tuple[str, str]]:
    """Read such a table: where each line after the header stands, as `file:line`, and the line.

    Raises:
        ValueError: If the header is another, or, at the end, the last line is cut off; the message names the
            line.
        OSError: If the file cannot be read.
    """
    try:
        text = read_text(path)
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is not a text file") from None
    if not text:
        raise ValueError(f"{path}: is empty")
    first, *lines = text.split("\n")
    if first != header:
        raise ValueError(f"{path}:1: has another header than this version of regx writes")
    yield from ((f"{path}:{number}", line) for number, line in enumerate(lines[:-1], start=2))
    if not text.endswith("\n"):
        raise ValueError(f"{path}:{len(lines[:-1]) + 2}: the last row is cut off")
