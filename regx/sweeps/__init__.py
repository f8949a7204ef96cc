"""Many runs: from an experiment to jobs, the engines that work them off, and what is done already."""
