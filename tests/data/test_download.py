import subprocess
import sys
import time

import pytest

from regx.data import download as module
from regx.data.download import Download, Listener, SourceError

MB = 1_000_000


def watch(folder, code, *, last=False, expected_bytes=MB, seen=None):
    listener = Listener() if seen is None else Listener(progress=lambda *now: seen.append(now))
    download = Download(folder=folder, listener=listener, last=last)
    return download.run([sys.executable, "-c", code], expected_bytes=expected_bytes)


def test_program_runs_in_the_folder_and_its_output_comes_back(tmp_path):
    assert watch(tmp_path, "open('here', 'w'); print('done')") == "done\n"
    assert (tmp_path / "here").exists()


def test_progress_is_the_growth_of_the_folder(tmp_path):
    seen = []
    code = "import time\nfor i in range(5):\n open(str(i), 'wb').write(b'x' * 300_000); time.sleep(0.2)"
    watch(tmp_path, code, seen=seen)
    assert len(seen) >= 3
    assert seen == sorted(seen)
    assert seen[-1] == (MB, MB)  # never more than expected


def test_missing_program_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"^no-such-client is not installed$"):
        Download(folder=tmp_path, listener=Listener(), last=True).run(["no-such-client"], expected_bytes=1)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("Traceback\\n\\nValueError: bad\\n", "ValueError: bad"),
        (
            "npm error code ENOTFOUND\\nnpm error syscall x\\nnpm error no such host\\nnpm error log\\n",
            "no such host",
        ),
        ("npm ERR! code E404\\nnpm ERR! 404 Not Found\\n", "404 Not Found"),
        ("E: Unable to locate package x\\nmore\\n", "Unable to locate package x"),
        ("", "ended with code 3"),
    ],
)
def test_failure_gives_the_line_that_says_most(tmp_path, output, reason):
    with pytest.raises(SourceError, match=reason):
        watch(tmp_path, f"import sys; print('{output}', end=''); sys.exit(3)")


def test_silence_ends_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.3)
    begin = time.monotonic()
    with pytest.raises(SourceError, match="no data came for"):
        watch(tmp_path, "import time; time.sleep(60)")
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize("last", [False, True])
def test_a_program_may_take_longer_to_start(tmp_path, monkeypatch, last):
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(module, "JUDGE_AFTER_SECONDS", 0.2)
    download = Download(folder=tmp_path, listener=Listener(), last=last)
    slow = [sys.executable, "-c", "import time; print('warming up', flush=True); time.sleep(0.5)"]
    assert download.run(slow, expected_bytes=1, start_seconds=30) == "warming up\n"


DRIP = "import time\nwhile True:\n open('x', 'ab').write(b'x'); time.sleep(0.05)"


def test_a_source_that_is_too_slow_gives_way(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "JUDGE_AFTER_SECONDS", 0.4)
    with pytest.raises(SourceError, match="too slow: 0 kB/s"):
        watch(tmp_path, DRIP)


def test_the_last_source_may_be_slow(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "JUDGE_AFTER_SECONDS", 0.2)
    assert (
        watch(tmp_path, "import time\nfor i in range(5):\n open(str(i), 'w'); time.sleep(0.1)", last=True)
        == ""
    )


def test_it_is_stopped_with_its_children(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SILENT_SECONDS", 2.0)
    code = (
        "import subprocess as s; p = s.Popen(['sleep', '60']); open('pid', 'w').write(str(p.pid)); p.wait()"
    )
    with pytest.raises(SourceError, match="no data"):
        watch(tmp_path, code)
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")  # a zombie runs no more
