"""Connecting to a scheduler of Dask, and how Dask is to behave inside regx."""

import asyncio
import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from regx.config.errors import UsageError

__all__ = ["connect", "dask_settings"]

CONNECT_SECONDS = 10
LOGGERS = ("distributed", "tornado", "tornado.application", "asyncio")
SETTINGS = {
    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
    "distributed.scheduler.allowed-failures": 2,  # a run whose third worker dies is not given to a fourth
    "distributed.worker.profile.enabled": False,
}


def connect(target: object, name: str) -> Any:
    """Connect to a scheduler, with what Dask's own configuration says of TLS.

    Args:
        target: Its address, or a cluster in this process.
        name: What to call it in messages.

    Returns:
        A `distributed.Client`; its methods have no types.

    Raises:
        UsageError: If none answers in time, or it refuses us.
    """
    distributed: Any = importlib.import_module("distributed")
    try:
        if isinstance(target, str):
            asyncio.run(_knock(distributed, target))  # a client that fails to connect does not end cleanly
        return distributed.Client(target, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        raise UsageError(
            f"{name}: cannot connect to a scheduler there ({_reason(error)}); give the address that"
            " `dask scheduler` prints, as in tcp://host:8786"
        ) from None


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
