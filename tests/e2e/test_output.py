"""What regx prints survives every encoding, a reader that goes away, a full disk and Ctrl-C at any moment."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from run_builder import build_run, remove_checksums
from small_config import small_yaml

from regx.cli.output import plain_console, prepare_streams, say

CONFIG = small_yaml()
NO_SPACE = "standard output: No space left on device; free some space there, or choose another place"
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a config and two runs to compare."""
    place = tmp_path_factory.mktemp("output")
    (place / "small.yaml").write_text(CONFIG)
    build_run(place / "runs")
    build_run(place / "runs", optim={"lr": 0.2})
    return place


def shell(script: str, place: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script in bash, in which `regx` is this regx."""
    script = f'regx() {{ "{sys.executable}" -m regx "$@"; }}; {script}'
    env = {**os.environ, **environment}
    return subprocess.run(
        ["bash", "-c", script], cwd=place, env=env, capture_output=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("environment", "encoding", "size"),
    [
        (C_LOCALE, "ascii", "1x8x8"),
        pytest.param({"PYTHONIOENCODING": "latin-1"}, "latin-1", "1×8×8", marks=pytest.mark.slow),
        ({"PYTHONIOENCODING": "cp1252"}, "cp1252", "1×8×8"),
    ],
)
def test_every_encoding(place: Path, environment: dict[str, str], encoding: str, size: str) -> None:
    commands = ["data list", "claims C01"]
    if encoding == "ascii":
        commands += ["compare runs", "compare runs --md"]
    done = shell(" && ".join(f"regx {command}" for command in commands), place, **environment)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode(encoding)
    assert size in shown
    assert "Weight decay is 0" in shown
    assert "?" not in shown


@pytest.mark.parametrize(
    "script",
    [
        "(regx claims; echo $? >&2) | head -1",
        "(PYTHONUNBUFFERED=1 regx claims; echo $? >&2) | head -1",
        "(regx compare runs --csv; echo $? >&2) | true",
        "(regx claims >&-; echo $? >&2)",
        "(regx claims 2>&-; echo $? >&2)",
    ],
)
def test_a_reader_that_goes_away_changes_nothing(place: Path, script: str) -> None:
    assert shell(script, place).stderr.split(b"\n")[-2:] == [b"0", b""]


@pytest.mark.parametrize("stream", [">&- 2>&- <&-", pytest.param("2>&1 | true", marks=pytest.mark.slow)])
def test_training_goes_on_without_anyone_to_tell(place: Path, stream: str, tmp_path: Path) -> None:
    done = shell(f"set -o pipefail; regx train {place}/small.yaml {stream}", tmp_path)
    assert done.returncode == 0
    (record,) = tmp_path.glob("runs/*/run.json")
    assert '"status": "done"' in record.read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stderr_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        prepare_streams()
        say("nobody hears this")
        say("nor this")


def test_a_name_between_colons_stays_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    plain_console().print("toggles:dog: [red] 1 of 2 runs", style="dim")
    assert capsys.readouterr().out == "toggles:dog: [red] 1 of 2 runs\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_named(place: Path) -> None:
    done = shell("regx claims >/dev/full", place)
    assert (done.returncode, done.stderr.decode()) == (1, f"{NO_SPACE}\n")


@pytest.mark.parametrize("seconds", [0.2, 0.5, 1.0])
def test_ctrl_c_in_the_first_second_is_one_line(place: Path, seconds: float) -> None:
    """The time counts from when Python runs code of regx: what comes before is Python's own start."""
    main = "import sys; from regx.__main__ import main; print(flush=True); sys.argv[0] = 'regx'; main()"
    words = ["train", "small.yaml", "--set", "train.epochs=100000", "--seed", str(int(seconds * 10))]
    process = subprocess.Popen(
        [sys.executable, "-c", main, *words],
        cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted" in err.splitlines()[-1]


def test_escapes_in_a_record_do_not_reach_the_terminal(cli: Callable) -> None:
    evil = "\x1b]0;owned\x07\u202e"
    run = build_run(Path("runs"), status="diverged")
    remove_checksums(run)
    text = (run / "run.json").read_text()
    assert "loss became NaN" in text
    (run / "run.json").write_text(text.replace("loss became NaN", "\\u001b]0;owned\\u0007 and\\nmore"))
    run.rename(run.with_name("a-\x1b[31m"))
    for words in (["runs", "runs"], ["runs", evil], ["validate", evil], ["compare", "runs", evil]):
        done = cli(*words)
        assert done.out + done.err
        assert not set("\x1b\x07\u202e") & set(done.out + done.err), words
    assert "\\u001b]0;owned\\u0007 and\\nmore" in cli("runs", "runs").out


def test_escapes_in_an_experiment_do_not_reach_the_terminal(cli: Callable) -> None:
    Path("small.yaml").write_text(CONFIG)
    arms = "{a: {}, b: {optim.lr: 1.0}}"
    text = f'name: mine\nquestion: "\\e[31mWhich?"\nbase: small.yaml\narms: {arms}\nseeds: 1\n'
    Path("mine.yaml").write_text(text)
    done = cli("sweep", "mine.yaml", "--dry-run", "--jobs", "1")
    assert done.code == 0
    assert "\\u001b[31mWhich?" in done.out
    assert "\x1b" not in done.out
    Path("mine.yaml").write_text(text.replace("seeds", '"\\e[31mseeds"'))
    assert "\x1b" not in cli("sweep", "mine.yaml").err


def test_ctrl_c_in_the_middle_of_a_command(cli: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("regx.claims.registry.read_registry", interrupt)
    done = cli("claims")
    assert (done.code, done.out, done.err) == (130, "", "interrupted\n")
