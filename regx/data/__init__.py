"""The data sets: fetching, checks, cache, preprocessing, augmentation."""

from regx.data.fetch import NoSourceError
from regx.data.load import Dataset, DatasetStatus, check, load_dataset, status
from regx.data.registry import known

__all__ = ["Dataset", "DatasetStatus", "NoSourceError", "check", "known", "load_dataset", "status"]
