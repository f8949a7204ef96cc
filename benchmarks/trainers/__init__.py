"""One file per trainer; each has `seconds_per_epoch(case)`: of the last epoch, evaluation not counted."""
