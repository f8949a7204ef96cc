"""First source: torchvision's own download, which checks its md5s, in a process of its own."""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regx.data.arrays import Arrays
from regx.data.download import SourceError
from regx.reading import explain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regx.data.download import Download

__all__ = ["Torchvision", "download_all"]

START_SECONDS = 120.0  # importing torch from a cluster's network drive takes that long on a bad day
SOCKET_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Torchvision:
    """A data set that torchvision can download.

    Attributes:
        class_name: In `torchvision.datasets`.
        num_bytes: Size of the download.
    """

    class_name: str
    num_bytes: int
    kind: str = "torchvision"
    label: str = "torchvision's download"

    def get(self, download: Download) -> Arrays:
        """Download in another process, and read what it left."""
        from regx.data.arrays import read_npz

        result = download.folder / "arrays.npz"
        command = [sys.executable, "-P", "-m", __name__, self.class_name, str(result)]
        download.run(command, expected_bytes=self.num_bytes, start_seconds=START_SECONDS)
        try:
            return read_npz(result)
        except (OSError, ValueError) as error:
            raise SourceError(f"it left no data: {explain(error)}") from None


def download_all(dataset_class: Any, folder: Path) -> Arrays:
    """Download a data set through its torchvision class.

    CIFAR-10 comes as pickles; torchvision checks the md5 of each before it opens it.

    Args:
        dataset_class: A class of `torchvision.datasets`.
        folder: Where torchvision may keep its files.
    """
    import numpy as np

    train = dataset_class(folder, train=True, download=True)
    test = dataset_class(folder, train=False)
    return Arrays(
        train_images=_channels_first(np.asarray(train.data)),
        train_labels=np.asarray(train.targets, dtype=np.int64),
        test_images=_channels_first(np.asarray(test.data)),
        test_labels=np.asarray(test.targets, dtype=np.int64),
    )


def _channels_first(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn (N, H, W) or (N, H, W, C) into (N, C, H, W)."""
    import numpy as np

    return np.ascontiguousarray(images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2))


def _end_with_parent() -> None:
    """End when standard input ends: the parent keeps it open as long as it lives."""
    while os.read(0, 1):  # not sys.stdin: a reader blocked in it cannot be left behind at exit
        pass
    os._exit(1)


def _reason(error: Exception) -> str:
    """Return the last line of an error of torchvision or urllib, without its wrapping."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return re.sub(r"^<urlopen error (.*)>$", r"\1", line).split("] ", 1)[-1]


def _run(class_name: str, result: Path) -> int:
    """Download and write the arrays to `result`; the last line printed on failure is the reason."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    socket.setdefaulttimeout(SOCKET_SECONDS)
    try:
        import torchvision.datasets  # type: ignore[import-untyped]
    except Exception as error:  # beside a torch of another release it raises RuntimeError, OSError, ...
        print(f"torchvision cannot be imported: {error}")  # noqa: T201
        return 1
    from regx.data.arrays import write_npz

    folder = result.parent / "torchvision"
    folder.mkdir()
    (folder / "started").touch()  # tells the parent that from now on silence means that no one answers
    try:
        write_npz(result, download_all(getattr(torchvision.datasets, class_name), folder))
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        print(_reason(error))  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1], Path(sys.argv[2])))
