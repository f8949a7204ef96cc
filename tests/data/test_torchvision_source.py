"""torchvision's own download, from a server of this machine: the real client, real archives, small sets."""

import gzip
import hashlib
import http.server
import io
import pickle
import socket
import tarfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from small_set import small_arrays

from regx.data.download import Download, Listener, SourceError
from regx.data.fetch import check_published
from regx.data.idx import write_files
from regx.data.load import find
from regx.data.torchvision_source import download_all


class Server(http.server.BaseHTTPRequestHandler):
    """Serves what `content` holds by the last part of the path, as a server or as a proxy."""

    content: dict[str, bytes] = {}  # noqa: RUF012  set anew by each test

    def do_GET(self) -> None:
        body = self.content.get(self.path.rsplit("/", 1)[-1])
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def serve(monkeypatch):
    """Give a function that serves files on loopback and returns the address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def start(content: dict[str, bytes]) -> str:
        monkeypatch.setattr(Server, "content", content)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    server.shutdown()
    server.server_close()


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_mnist_class_gives_the_canonical_form(serve, tmp_path):
    from torchvision.datasets import MNIST

    files = {f"{name}.gz": gzip.compress(content) for name, content in write_files(small_arrays())}

    class Small(MNIST):
        mirrors = (serve(files),)
        resources = tuple((name, md5(content)) for name, content in files.items())

    arrays = download_all(Small, tmp_path)
    for name, array in small_arrays().named().items():
        np.testing.assert_array_equal(arrays.named()[name], array)
        assert arrays.named()[name].dtype == array.dtype
        assert arrays.named()[name].flags.c_contiguous


def test_cifar10_class_gives_the_canonical_form(serve, tmp_path):
    from torchvision.datasets import CIFAR10

    rows = np.random.default_rng(0).integers(0, 256, (2, 3072), dtype=np.uint8)
    files = {
        "data_batch_1": pickle.dumps({"data": rows[:1], "labels": [3]}),
        "test_batch": pickle.dumps({"data": rows[1:], "labels": [8]}),
        "batches.meta": pickle.dumps({"label_names": ["airplane"]}),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))

    class Small(CIFAR10):
        url = serve({"small.tar.gz": buffer.getvalue()}) + "small.tar.gz"
        filename = "small.tar.gz"
        tgz_md5 = md5(buffer.getvalue())
        train_list = (("data_batch_1", md5(files["data_batch_1"])),)
        test_list = (("test_batch", md5(files["test_batch"])),)
        meta = {"filename": "batches.meta", "key": "label_names", "md5": md5(files["batches.meta"])}  # noqa: RUF012

    arrays = download_all(Small, tmp_path)
    np.testing.assert_array_equal(arrays.train_images, rows[:1].reshape(1, 3, 32, 32))
    np.testing.assert_array_equal(arrays.test_images, rows[1:].reshape(1, 3, 32, 32))
    assert (arrays.train_labels.tolist(), arrays.test_labels.tolist()) == ([3], [8])


def through_proxy(name: str, folder: Path, proxy: str, monkeypatch) -> None:
    """Let torchvision in its own process ask a proxy of ours for the real addresses."""
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, proxy)
    monkeypatch.setenv("no_proxy", "")
    find(name).sources[0].get(Download(folder=folder, listener=Listener(), last=True))


@pytest.mark.slow  # torchvision is imported; `check_published` is tested with less
def test_wrong_md5_is_a_failed_source(serve, tmp_path, monkeypatch):
    wrong = gzip.compress(b"something else")
    proxy = serve({f"{name}.gz": wrong for name, _ in write_files(small_arrays())})
    with pytest.raises(SourceError, match="not found or corrupted"):
        through_proxy("fashion_mnist", tmp_path, proxy, monkeypatch)


@pytest.mark.slow
def test_a_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("regx.data.download.SILENT_SECONDS", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begin = time.monotonic()
        with pytest.raises(SourceError, match="no data came for"):
            through_proxy(
                "fashion_mnist", tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch
            )
    assert time.monotonic() - begin < 60


def test_real_images_do_not_pass_for_another_set(mnist):
    spec = find("fashion_mnist")
    from regx.data.cache import read_cache

    with pytest.raises(SourceError, match="train-images-idx3-ubyte has another md5"):
        check_published(spec, read_cache(find("mnist")))
