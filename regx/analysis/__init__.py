"""The comparison of runs. No torch."""
