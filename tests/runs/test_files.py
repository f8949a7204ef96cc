"""Temporary files: whole or absent, and those of the dead are cleared away."""

import errno
import os
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import pytest

from regx.runs.files import (
    GrowingFile,
    atomic_path,
    part_folder,
    remove_leftovers,
    scratch_folder,
    write_csv,
    write_text,
)

HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"
HALF = """
import sys
from pathlib import Path
from regx.runs.files import atomic_path
with atomic_path(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print(temporary.name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path: Path) -> subprocess.Popen[str]:
    """Start a process that is in the middle of writing curves.svg."""
    command = [sys.executable, "-c", HALF, str(tmp_path / "curves.svg")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline().startswith(".curves.svg.")
    return process


def parts(folder: Path) -> list[Path]:
    return list(folder.glob(".*.part"))


def test_what_a_living_process_writes_stays_and_what_a_killed_one_left_goes(
    tmp_path: Path, writer: subprocess.Popen[str]
) -> None:
    with writer:
        write_text(tmp_path / "curves.svg", "whole")
        assert len(parts(tmp_path)) == 1
        writer.kill()
    write_text(tmp_path / "other.svg", "whole")
    assert len(parts(tmp_path)) == 1  # of another file, in a folder that may be anybody's
    write_text(tmp_path / "curves.svg", "whole")
    assert parts(tmp_path) == []


def test_what_this_process_is_writing_stays(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a") as temporary, part_folder(tmp_path, "b") as folder:
        temporary.write_text("half")
        remove_leftovers(tmp_path)
        assert temporary.exists()
        assert folder.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_files_of_another_machine_stay_for_a_day(tmp_path: Path) -> None:
    other = tmp_path / ".run.json.1-00000000.abcdefgh.part"
    other.touch()
    remove_leftovers(tmp_path)
    assert other.exists()
    os.utime(other, (time.time() - 90_000,) * 2)
    remove_leftovers(tmp_path)
    assert not other.exists()


@pytest.mark.parametrize("name", [".curves.svg.abc.part", f".b.{2**22 + 1}-{HOST}.x.part"])
def test_what_nobody_can_be_writing_goes(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "file").touch()
    remove_leftovers(tmp_path)
    assert parts(tmp_path) == []


def test_the_scratch_folders_of_the_dead_go_and_those_of_the_living_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    of_parent = tmp_path / f".regx.{os.getppid()}-{HOST}.abcdefgh.part"
    of_dead = tmp_path / f".regx.{2**22 + 1}-{HOST}.abcdefgh.part"
    for folder in (of_parent, of_dead):
        folder.mkdir()
    os.utime(of_parent, (time.time() - 90_000,) * 2)  # a sweep may take longer than a day
    with scratch_folder() as folder:
        assert set(tmp_path.iterdir()) == {of_parent, folder}
    assert list(tmp_path.iterdir()) == [of_parent]


def test_a_drive_on_which_modes_cannot_be_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "chmod", refuse)
    write_text(tmp_path / "a.csv", "whole")
    assert (tmp_path / "a.csv").read_text() == "whole"


def test_an_error_names_the_file_that_was_wanted(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write_text(tmp_path / "none" / "a.csv", "")
    assert caught.value.filename == str(tmp_path / "none" / "a.csv")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as taken:
        write_text(tmp_path / "folder", "")
    assert str(tmp_path / "folder") in (taken.value.filename, taken.value.filename2)


def test_nothing_is_appended_to_a_named_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metrics.csv")
    with pytest.raises(OSError, match="is a named pipe, not a file"):
        GrowingFile(tmp_path / "metrics.csv", "header").append("row\n")


def test_a_page_holds_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    write_text(tmp_path / "page.md", "a\x1b[31m\u202eb\n")
    assert (tmp_path / "page.md").read_bytes() == b"a\\u001b[31m\\u202eb\n"


def test_a_table_keeps_every_digit_and_what_its_texts_hold(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ("value", "text"), [(0.1 + 0.2, 'a, "b"'), (None, ""), (1e-300, True)])
    wanted = 'value,text\n0.30000000000000004,"a, ""b"""\n,\n1e-300,True\n'
    assert (tmp_path / "a.csv").read_bytes() == wanted.encode()
