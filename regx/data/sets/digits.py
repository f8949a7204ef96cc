"""The 8×8 digits, which travel in the package: no download, a training run in seconds."""

from pathlib import Path

from regx.data.spec import DatasetFacts, DatasetSpec

__all__ = ["SPEC"]

SPEC = DatasetSpec(
    name="digits",
    title="Optical recognition of handwritten digits",
    facts=DatasetFacts(channels=1, size=8, num_classes=10, num_pool=1000, num_valid=297, num_test=500),
    licence="CC BY 4.0",
    citation=(
        "Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, "
        "https://doi.org/10.24432/C50P49"
    ),
    sha256="2e876a00e5102ccff10d0ec59ef80ab05326abfc952372283902d60352f460f0",
    embedded=Path(__file__).with_name("digits.npz"),
)
