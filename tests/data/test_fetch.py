import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from small_set import Scripted, small_arrays, small_spec

from regx.config.errors import UsageError
from regx.data.cache import cache_path, read_cache
from regx.data.download import Listener, SourceError
from regx.data.fetch import NoSourceError, fetch


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REGX_DATA", str(tmp_path / "cache"))


def fail(_download):
    raise SourceError("no one is there")


GOOD = Scripted(lambda _: small_arrays(), label="the good source")
BAD = Scripted(fail, label="the bad source", kind="torchvision")
WRONG = Scripted(lambda _: small_arrays(first_pixel=1), label="the wrong source", kind="torchvision")


def run(*sources, **options):
    lines = []
    fetch(small_spec(*sources), listener=Listener(lines.append), **options)
    return lines


def test_next_source_is_tried_and_one_line_says_so():
    lines = run(BAD, GOOD)
    assert lines[-1] == "small: the bad source failed (no one is there); trying the good source"
    assert read_cache(small_spec()) is not None


def test_wrong_content_falls_through_to_the_next_source():
    lines = run(WRONG, GOOD)
    assert "the wrong source failed (the content has another sha256)" in lines[-1]
    assert read_cache(small_spec()) is not None


def test_no_source_says_what_was_tried_and_what_helps():
    with pytest.raises(NoSourceError) as caught:
        run(BAD, WRONG)
    text = str(caught.value)
    assert "the bad source: no one is there" in text
    assert "the wrong source: the content has another sha256" in text
    assert "regx data fetch small" in text
    assert str(cache_path("small")) in text
    assert not cache_path("small").exists()


def test_forced_source_is_the_only_one():
    with pytest.raises(NoSourceError):
        run(BAD, GOOD, source="torchvision")


def test_unknown_source_is_refused():
    with pytest.raises(UsageError, match="there is torchvision, packages"):
        run(BAD, GOOD, source="mirror")


def test_what_is_cached_is_not_fetched_again_unless_forced():
    run(GOOD)
    assert run(BAD) == []
    with pytest.raises(NoSourceError):
        run(BAD, force=True)
    assert read_cache(small_spec()) is not None


def test_damaged_cache_is_named_and_replaced():
    run(GOOD)
    path = cache_path("small")
    path.write_bytes(path.read_bytes()[:-100])
    lines = run(GOOD)
    assert str(path) in lines[0]
    assert "is damaged" in lines[0]
    assert "fetching it again" in lines[0]
    assert read_cache(small_spec()) is not None


def test_nothing_but_the_data_and_a_lock_is_left():
    run(BAD, WRONG, GOOD)
    assert {path.name for path in cache_path("small").parent.iterdir()} == {"small.npz", ".small.lock"}


SLOW_FETCH = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from small_set import Scripted, small_arrays, small_spec
    from regx.data.download import Listener
    from regx.data.fetch import fetch

    def get(download):
        (download.folder / "half").write_bytes(b"x" * 1000)
        with Path(sys.argv[2]).open("a") as log:
            log.write("download\\n")
        time.sleep(float(sys.argv[3]))
        return small_arrays()

    fetch(small_spec(Scripted(get)), listener=Listener(print))
    """
)


def start(log: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SLOW_FETCH, str(Path(__file__).parent), str(log), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_at_once_download_once(tmp_path):
    log = tmp_path / "log"
    both = [start(log, 1.0), start(log, 1.0)]
    outputs = [process.communicate(timeout=30)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert log.read_text() == "download\n"
    assert sum("another process is fetching it; waiting" in output for output in outputs) == 1
    assert read_cache(small_spec()) is not None


def test_killed_fetch_leaves_no_file_and_the_next_one_clears_up(tmp_path):
    log = tmp_path / "log"
    process = start(log, 60)
    deadline = time.monotonic() + 30
    while not log.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert not cache_path("small").exists()
    run(GOOD)
    assert {path.name for path in cache_path("small").parent.iterdir()} == {"small.npz", ".small.lock"}
