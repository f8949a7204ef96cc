"""The part of Dask's client that is used here, with types, and how Dask is to behave inside regx."""

import asyncio
import importlib
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from regx.config.errors import UsageError

__all__ = ["DaskClient", "DaskFuture", "connect", "dask_settings"]

CONNECT_SECONDS = 10


class DaskFuture(Protocol):
    """A task that was handed to the scheduler."""

    @property
    def status(self) -> str:
        """One of pending, finished, error, lost, cancelled."""
        ...

    def result(self, timeout: float) -> Any:
        """Fetch what it returned, or raise what it raised."""
        ...

    def add_done_callback(self, fn: Callable[[object], None]) -> None:
        """Have something called, in another thread, when it ends."""
        ...

    def release(self) -> None:
        """Want it no more."""
        ...


class DaskClient(Protocol):
    """A connection to a scheduler."""

    status: str

    def submit(
        self, func: Callable[..., object], *args: object, workers: list[str], **options: object
    ) -> DaskFuture:
        """Hand over a task."""
        ...

    def run(self, function: Callable[..., object], *args: object, **options: object) -> dict[str, Any]:
        """Call a function on workers, beside what they are doing."""
        ...

    def nthreads(self) -> dict[str, int]:
        """Ask for the workers and the threads that each has."""
        ...

    def restart_workers(self, workers: list[str], timeout: float) -> object:
        """Have the processes of workers ended and started anew."""
        ...

    def subscribe_topic(self, topic: str, handler: Callable[[Any], None]) -> None:
        """Have a handler called, in another thread, for each event."""
        ...

    def unsubscribe_topic(self, topic: str) -> None:
        """Hear no more of a topic."""
        ...

    def close(self, timeout: float) -> None:
        """End the connection."""
        ...


def connect(target: object, name: str) -> DaskClient:
    """Connect to a scheduler, with what Dask's own configuration says of TLS.

    Args:
        target: Its address, or a cluster in this process.
        name: What to call it in messages.

    Raises:
        UsageError: If none answers in time, or it refuses us.
    """
    distributed: Any = importlib.import_module("distributed")
    try:
        if isinstance(target, str):
            asyncio.run(_knock(distributed, target))  # a client that fails to connect does not end cleanly
        client = distributed.Client(target, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        raise UsageError(
            f"{name}: cannot connect to a scheduler there ({_reason(error)}); give the address that"
            " `dask scheduler` prints, as in tcp://host:8786"
        ) from None
    return cast(DaskClient, client)


async def _knock(distributed: Any, address: str) -> None:
    """See whether somebody answers who trusts us, and whom we trust."""
    security = distributed.Security()
    for name in (security.tls_ca_file, security.tls_client_cert, security.tls_client_key):
        if (
            name is not None and "\n" not in name and not Path(name).is_file()
        ):  # Dask takes their text as well
            raise UsageError(f"{name}: no such file; Dask's configuration (distributed.comm.tls) names it")
    arguments = security.get_connection_args("client")
    if address.startswith("tls:") and arguments["ssl_context"] is None:
        raise UsageError(
            f"{address}: TLS needs certificates, and Dask's configuration names none"
            " (distributed.comm.tls); docs/cluster.md shows how to make them"
        )
    comm = await distributed.comm.connect(address, timeout=CONNECT_SECONDS, **arguments)
    await comm.close()


def _reason(error: BaseException) -> str:
    """Find the first cause that says something, in one line."""
    texts = []
    cause: BaseException | None = error
    while cause is not None:
        texts.append(str(cause).partition("\n")[0])
        cause = cause.__cause__
    said = [text for text in texts if text] or [type(error).__name__]
    return said[-1].rpartition(">: ")[2]  # without the object in which it happened


LOGGERS = ("distributed", "tornado", "tornado.application", "asyncio")
SETTINGS = {
    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
    "distributed.worker.profile.enabled": False,
}


@contextmanager
def dask_settings() -> Iterator[None]:
    """Apply our settings while the context lasts, and silence what Dask logs and warns of."""
    import dask
    import distributed  # noqa: F401  # its own settings and loggers come first

    loggers = [logging.getLogger(name) for name in (*LOGGERS, *_children())]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        with dask.config.set(SETTINGS), warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"distributed\.")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _children() -> list[str]:
    """List the loggers of Dask that were given levels of their own."""
    return [
        name
        for name, logger in logging.Logger.manager.loggerDict.items()
        if name.startswith("distributed.") and isinstance(logger, logging.Logger) and logger.level
    ]
