"""What the system refuses is told with the file's name and with what to do."""

import errno
import os
from pathlib import Path

import pytest

from regx.reading import explain, is_usage, naming


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_write_that_fails_gets_the_name_of_its_file() -> None:
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115  # closed below
    with full, pytest.raises(OSError, match="No space") as caught, naming("/dev/full"):
        full.write(b"x")
    shown = "/dev/full: No space left on device; free some space there, or choose another place"
    assert explain(caught.value) == shown
    assert not is_usage(caught.value)


def test_a_name_that_is_there_stays(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, naming("another"):
        (tmp_path / "none").read_bytes()
    assert explain(caught.value) == f"{tmp_path}/none: No such file or directory; check the path"
    assert is_usage(caught.value)


def test_a_note_says_better_what_to_do() -> None:
    error = OSError(errno.EROFS, os.strerror(errno.EROFS), "runs")
    error.add_note("choose another place with --out")
    assert explain(error) == "runs: Read-only file system; choose another place with --out"


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_error_has_a_remedy_in_one_line(number: int) -> None:
    shown = explain(OSError(number, os.strerror(number), "a\nb"))
    assert shown.startswith(f"a\\nb: {os.strerror(number)}; ")
    assert "\n" not in shown


def test_an_error_without_a_number_or_a_name() -> None:
    assert explain(OSError("odd\nsecond line")) == "error: odd; mend that, then try again"
