"""The wheel without a checkout: built, installed into an empty folder, and used from another one."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ready_made import CONFIGS, EXPERIMENTS, ROOT

from regx.claims.sentences import course_text

Regx = Callable[..., str]
# One thread suffices, and more of them would take turns with the other tests.
QUICK = ("--set", "train.epochs=2", "--set", "train.threads=1", "--quiet")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel, and nothing else, into an empty folder."""
    folder = tmp_path_factory.mktemp("installed")
    [wheel] = built.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    call(*pip, "--no-deps", "--no-index", "--no-compile", "--target", folder, wheel, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def regx(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Regx:
    """Run the installed regx in one working folder, which begins empty."""
    folder = tmp_path_factory.mktemp("work")
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    where = call(sys.executable, "-c", "import regx; print(regx.__file__)", cwd=folder, env=environment)
    assert Path(where.strip()).parent == installed / "regx"
    return lambda *words: call(sys.executable, "-m", "regx", *words, cwd=folder, env=environment)


def call(*words: object, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run([*map(str, words)], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def of_the_text(claims: str) -> list[dict[str, Any]]:
    """Keep the claims that are the project's own: a clone may hold others."""
    return [row for row in json.loads(claims) if row["id"] in course_text().claims]


def test_it_is_used_from_an_empty_folder(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, regx: Regx
) -> None:
    """Verdicts, starter files, training: what a newcomer does first, in this order."""
    monkeypatch.chdir(ROOT)
    verdicts = of_the_text(cli("claims", "--json").out)
    assert len(verdicts) == 34
    assert not {"not run", "stale"} & {row["verdict"] for row in verdicts}
    assert of_the_text(regx("claims", "--json")) == verdicts

    wrote = regx("init").splitlines()
    assert {f"wrote configs/{name}.yaml" for name in CONFIGS} <= set(wrote)
    assert {f"wrote experiments/{name}.yaml" for name in EXPERIMENTS} <= set(wrote)
    assert ": ok (" in regx("validate", "configs/digits_plain.yaml", "experiments/digits_toggles.yaml")
    assert of_the_text(regx("claims", "--json")) == verdicts

    regx("train", "configs/digits_plain.yaml", "--seed", "0,1", *QUICK)
    assert "test error (%)" in regx("compare", "runs")


def test_all_that_a_verdict_is_read_from_travels(installed: Path) -> None:
    for name in ("verdicts.json", "lock.json", "measures.csv"):
        for path in ROOT.glob(f"results/*/*/{name}"):
            if path.parent.name in EXPERIMENTS and "smoke" not in path.parts:
                assert (installed / "regx" / "starter" / path.relative_to(ROOT)).is_file(), path


def test_what_the_code_reads_travels(installed: Path) -> None:
    read = [path for path in ROOT.glob("regx/**/*") if path.suffix in (".yaml", ".npz")]
    assert read
    assert all((installed / path.relative_to(ROOT)).is_file() for path in read)


def test_the_licences_of_code_and_digits_travel(installed: Path) -> None:
    [licences] = installed.glob("regx-*.dist-info/licenses")
    names = {path.relative_to(licences).as_posix() for path in licences.rglob("*") if path.is_file()}
    assert names == {"LICENSE", "regx/data/sets/digits.LICENSE"}


def test_the_source_distribution_holds_what_tests_and_pages_need(built: Path) -> None:
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = ["README.md", "LICENSE", "CITATION.cff", "Makefile", "constraints.txt", "tests/conftest.py"]
    wanted += ["docs/generate.py", "benchmarks/tables.py", "results/demo/compare.txt", "docs/claims.svg"]
    wanted += [f"configs/{name}.yaml" for name in CONFIGS]
    wanted += [f"experiments/{name}.yaml" for name in EXPERIMENTS]
    assert set(wanted) <= names
