"""The sections of a run's config, one file for each mapping of the YAML file."""
