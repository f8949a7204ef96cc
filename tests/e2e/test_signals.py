"""Signals as a wish: which are heeded, and what a second one means."""

import signal
from collections.abc import Iterator

import pytest

from regx.cli.progress import stop_on_signals

WISHES = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """See that handlers are put back."""
    before = [signal.getsignal(number) for number in WISHES]
    yield
    assert [signal.getsignal(number) for number in WISHES] == before


@pytest.mark.parametrize("number", WISHES)
def test_the_first_signal_is_a_wish(number: signal.Signals) -> None:
    called: list[str] = []
    with stop_on_signals() as stop:
        stop.call(lambda: called.append("stop"))
        assert (stop.wanted, called) == (False, [])
        signal.raise_signal(number)
        assert (stop.wanted, stop.exit_code, called) == (True, 128 + number, ["stop"])


@pytest.mark.parametrize("number", WISHES[1:])
def test_what_systems_send_twice_is_no_order(number: signal.Signals) -> None:
    with stop_on_signals() as stop:
        signal.raise_signal(number)
        signal.raise_signal(number)
    assert stop.exit_code == 128 + number


@pytest.mark.parametrize("first", WISHES)
def test_a_ctrl_c_after_the_first_signal_is_an_order(first: signal.Signals) -> None:
    with stop_on_signals():
        signal.raise_signal(first)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_under_nohup_a_closed_terminal_is_no_wish() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals() as stop:
            signal.raise_signal(signal.SIGHUP)
        assert not stop.wanted
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
