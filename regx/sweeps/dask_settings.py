"""How Dask is to behave inside regx: silent, for the command says what went wrong, and quick to give up."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from regx.sweeps.dask_client import CONNECT_SECONDS

__all__ = ["dask_settings"]

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
