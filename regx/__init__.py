"""regx: a fair, seeded experiment runner for what is claimed of regularizers."""

__version__ = "0.1.0"
