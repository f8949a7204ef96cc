"""TLS by Dask's own configuration: who has a certificate gets in, and nobody else, who hears why."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dask
import distributed  # noqa: F401  # its defaults must be there before they are changed
import pytest
from clusters import CERTIFICATES, Scheduler, make_certificates, start_scheduler, start_worker
from engine_jobs import small_job, work_off

from regx.config.errors import UsageError
from regx.sweeps.dask_engine import local_cluster, remote
from regx.sweeps.jobs import EngineOptions

slow = pytest.mark.slow
PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"


@dataclass(frozen=True)
class Secured:
    """A cluster on TLS."""

    scheduler: Scheduler
    certificates: dict[str, object]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    environment = make_certificates(folder)
    with (
        start_scheduler(folder, "--protocol", "tls", env=environment) as scheduler,
        start_worker(scheduler.address, folder, env=environment),
    ):
        yield Secured(scheduler, as_settings(environment))


@pytest.fixture
def options(tmp_path: Path) -> EngineOptions:
    return EngineOptions(runs_dir=tmp_path / "runs")


def as_settings(environment: dict[str, str]) -> dict[str, object]:
    """Turn DASK_A__B_C=value into a.b-c: value, as Dask does when it starts."""
    return {
        name.removeprefix("DASK_").lower().replace("__", ".").replace("_", "-"): value == "true" or value
        for name, value in environment.items()
    }


def test_the_page_has_the_commands_that_are_tested_here() -> None:
    assert "\n".join(CERTIFICATES) in PAGE.read_text()


@slow
def test_a_sweep_over_tls(secured: Secured, options: EngineOptions) -> None:
    assert secured.scheduler.address.startswith("tls://")
    with (
        dask.config.set(secured.certificates),
        remote(options, address=secured.scheduler.address) as engine,
    ):
        results = work_off(engine, [small_job()])
    assert [result.ending for result in results.values()] == ["done"]


@slow
def test_without_a_certificate(secured: Secured, options: EngineOptions) -> None:
    with pytest.raises(UsageError, match="TLS needs certificates"):
        connect(options, secured.scheduler.address)


def test_a_certificate_that_is_not_there_is_named(options: EngineOptions) -> None:
    settings = {"distributed.comm.tls.ca-file": "/no/such/ca.pem"}
    with dask.config.set(settings), pytest.raises(UsageError, match=r"^/no/such/ca\.pem: no such file"):
        connect(options, "tls://127.0.0.1:9")


@slow
def test_with_a_certificate_of_another_authority(
    secured: Secured, options: EngineOptions, tmp_path: Path
) -> None:
    strangers = as_settings(make_certificates(tmp_path))
    with dask.config.set(strangers), pytest.raises(UsageError, match="certificate verify failed"):
        connect(options, secured.scheduler.address)


@slow
def test_without_tls_at_a_tls_port(secured: Secured, options: EngineOptions) -> None:
    with pytest.raises(UsageError, match="cannot connect"):
        connect(options, secured.scheduler.address.replace("tls:", "tcp:"))


@slow
def test_local_workers_use_the_certificates_too(secured: Secured, options: EngineOptions) -> None:
    with dask.config.set(secured.certificates), local_cluster(options, [None]) as engine:
        address = engine.client.scheduler_info()["address"]  # type: ignore[attr-defined]
    assert address.startswith("tls://127.0.0.1:")


def connect(options: EngineOptions, address: str) -> None:
    began = time.monotonic()
    try:
        with remote(options, address=address):
            pass
    finally:
        assert time.monotonic() - began < 15
