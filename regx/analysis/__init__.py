"""The measures of a run and the comparison of runs. No torch."""
