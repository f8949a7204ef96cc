"""Workers on this machine need files to be opened; too low a limit is refused, not waited out."""

import resource

import pytest

from regx.reading import explain
from regx.sweeps.local_workers import local_workers


def test_more_workers_than_the_limit_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 100))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: pytest.fail("beyond the hard limit"))
    with pytest.raises(OSError, match="Too many open files") as caught, local_workers([None, None]):
        pass
    assert explain(caught.value) == "--jobs 2: Too many open files; raise the limit on open files (ulimit -n)"
