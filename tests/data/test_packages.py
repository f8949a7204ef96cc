import gzip
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from regx.data.arrays import Arrays
from regx.data.download import Download, Listener, SourceError
from regx.data.packages import DebianPackage, NpmPackage, gunzip, read_members
from regx.data.sets.cifar10 import SPEC as CIFAR10


def tar(path: Path, members: dict[str, bytes], *extra: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return path


def link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def download(folder: Path) -> Download:
    return Download(folder=folder, listener=Listener(), last=True)


def read(members):
    pixels = np.frombuffer(members["package/data"], dtype=np.uint8)
    if len(pixels) != 4:
        raise ValueError("4 pixels wanted")
    labels = np.zeros(1, dtype=np.int64)
    images = pixels.reshape(1, 1, 2, 2)
    return Arrays(train_images=images, train_labels=labels, test_images=images, test_labels=labels)


NPM = NpmPackage(package="small", version="1.0.0", num_bytes=100, members=("package/data",), read=read)
DEBIAN = DebianPackage(package="small", num_bytes=100, members=("usr/data",), read=read)


def client(folder: Path, name: str, script: str, monkeypatch) -> None:
    """Put a package client of our own first on the PATH: what it does is what the network would do."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_members_are_read_by_name_and_nothing_is_written(tmp_path):
    path = tar(tmp_path / "a.tgz", {"./package/data": b"1234", "../../evil": b"x", "/tmp/evil": b"x"})
    assert read_members(path, ("package/data",)) == {"package/data": b"1234"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.tgz"]


def test_a_link_in_place_of_a_file_is_refused(tmp_path):
    path = tar(tmp_path / "a.tgz", {}, link("package/data", "/etc/passwd"))
    with pytest.raises(SourceError, match="not the plain file"):
        read_members(path, ("package/data",))


def test_a_missing_member_is_named(tmp_path):
    path = tar(tmp_path / "a.tgz", {"package/other": b""})
    with pytest.raises(SourceError, match=r"a\.tgz holds no package/data"):
        read_members(path, ("package/data",))


def test_npm_package_is_packed_without_scripts_and_read(tmp_path, monkeypatch):
    tar(tmp_path / "served.tgz", {"package/data": bytes([1, 2, 3, 4])})
    client(
        tmp_path / "bin", "npm", f'echo "$@" > called; cp {tmp_path}/served.tgz small-1.0.0.tgz', monkeypatch
    )
    folder = tmp_path / "work"
    folder.mkdir()
    assert NPM.get(download(folder)).train_images.tolist() == [[[[1, 2], [3, 4]]]]
    called = (folder / "called").read_text()
    assert called.startswith("pack small@1.0.0 ")
    assert "--ignore-scripts" in called


@pytest.mark.parametrize("content", [b"", b"not a tar file at all", b"\x1f\x8b\x08" + b"\0" * 50])
def test_a_broken_archive_is_a_failed_source(tmp_path, monkeypatch, content):
    (tmp_path / "served.tgz").write_bytes(content)
    client(tmp_path / "bin", "npm", f"cp {tmp_path}/served.tgz small-1.0.0.tgz", monkeypatch)
    folder = tmp_path / "work"
    folder.mkdir()
    with pytest.raises(SourceError, match=r"small-1\.0\.0\.tgz is damaged"):
        NPM.get(download(folder))


def test_content_of_another_shape_is_a_failed_source(tmp_path, monkeypatch):
    tar(tmp_path / "served.tgz", {"package/data": b"12345"})
    client(tmp_path / "bin", "npm", f"cp {tmp_path}/served.tgz small-1.0.0.tgz", monkeypatch)
    folder = tmp_path / "work"
    folder.mkdir()
    with pytest.raises(SourceError, match="4 pixels wanted"):
        NPM.get(download(folder))


def test_no_client_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match=r"^npm is not installed$"):
        NPM.get(download(tmp_path))
    with pytest.raises(SourceError, match=r"^apt-get is not installed$"):
        DEBIAN.get(download(tmp_path))


def test_old_package_lists_of_apt_are_named(tmp_path, monkeypatch):
    client(tmp_path / "bin", "apt-get", "echo 'E: Unable to locate package small'; exit 100", monkeypatch)
    with pytest.raises(SourceError, match="`apt-get update` may"):
        DEBIAN.get(download(tmp_path))


def test_cifar10_strip_of_another_size_is_refused_before_it_is_unpacked():
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (1024, 3)).save(buffer, "PNG")
    package = CIFAR10.sources[1]
    members = dict.fromkeys(package.members, buffer.getvalue())
    with pytest.raises(SourceError, match="1024×3 RGB, not 1024×10000"):
        package.read(members)


def test_cifar10_strip_holds_an_image_per_row_and_a_pixel_per_column():
    from PIL import Image

    pixels = np.zeros((10_000, 1024, 3), dtype=np.uint8)
    pixels[1] = np.random.default_rng(0).integers(0, 256, (1024, 3))
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    package = CIFAR10.sources[1]
    members = {name: buffer.getvalue() if name.endswith(".png") else b"[3]" for name in package.members}
    image = package.read(members).test_images[1]
    assert image.shape == (3, 32, 32)
    assert [tuple(image[:, row, column]) for row, column in ((0, 1), (2, 5))] == [
        tuple(pixels[1, 1]),
        tuple(pixels[1, 2 * 32 + 5]),
    ]


def test_an_archive_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("regx.data.packages.MAX_ARCHIVE_BYTES", 100_000)
    path = tar(tmp_path / "a.tgz", {"other": bytes(1_000_000), "package/data": b"1234"})
    assert path.stat().st_size < 10_000
    with pytest.raises(SourceError, match=r"a\.tgz unpacks to more bytes than"):
        read_members(path, ("package/data",))


def test_a_file_that_unpacks_without_end_is_refused(monkeypatch):
    monkeypatch.setattr("regx.data.packages.MAX_MEMBER_BYTES", 1_000)
    assert gunzip(gzip.compress(bytes(1_000)), "labels.gz") == bytes(1_000)
    with pytest.raises(SourceError, match=r"labels\.gz unpacks to more bytes than"):
        gunzip(gzip.compress(bytes(1_001)), "labels.gz")
