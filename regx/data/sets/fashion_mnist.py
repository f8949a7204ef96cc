"""Fashion-MNIST: pictures of clothes, in the format of MNIST."""

from collections.abc import Mapping

from regx.data.arrays import Arrays
from regx.data.idx import FILES, read_files, write_files
from regx.data.packages import DebianPackage, gunzip
from regx.data.spec import DatasetFacts, DatasetSpec
from regx.data.torchvision_source import Torchvision

__all__ = ["SPEC"]

_FOLDER = "usr/share/datasets/fashion-mnist/"


def _read(members: Mapping[str, bytes]) -> Arrays:
    return read_files(
        {
            path.removeprefix(_FOLDER).removesuffix(".gz"): gunzip(content, path)
            for path, content in members.items()
        }
    )


SPEC = DatasetSpec(
    name="fashion_mnist",
    title="Fashion-MNIST",
    facts=DatasetFacts(
        channels=1, size=28, num_classes=10, num_pool=50_000, num_valid=10_000, num_test=10_000
    ),
    licence="MIT",
    citation="Xiao, Rasul & Vollgraf 2017, Fashion-MNIST: a novel image dataset, arXiv:1708.07747",
    sha256="b2379f845b040219ac2a14d20d7c3e097b7cbfbca2a390a92bff09bc911eec71",
    sources=(
        Torchvision(class_name="FashionMNIST", num_bytes=30_878_645),
        DebianPackage(
            package="dataset-fashion-mnist",
            num_bytes=30_900_652,
            members=tuple(f"{_FOLDER}{name}.gz" for name in FILES.values()),
            read=_read,
        ),
    ),
    originals=write_files,
    md5={
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
)
