"""The measures of runs: each one once, with everything about it."""
