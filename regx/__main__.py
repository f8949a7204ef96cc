"""`python -m regx` is `regx`."""

from regx.cli import main

main()
