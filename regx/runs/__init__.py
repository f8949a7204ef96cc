"""The folder of a run: its file names, safe writes, its record; and finding and loading many runs."""
