"""What is measured of runs: each measure once, with all that is to be known of it."""
