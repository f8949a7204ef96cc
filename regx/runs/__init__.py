"""The folder of a run: every file name, atomic writes, the record, loading many runs into one table."""
