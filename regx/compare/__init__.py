"""The comparison of runs, groups of seeds and arms of a sweep."""
