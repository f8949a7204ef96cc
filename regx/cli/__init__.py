"""The command line: parse, call, print. The only place that prints, prompts or exits."""

import sys
from typing import Annotated

import typer

from regx.cli.claims import claims
from regx.cli.compare import compare
from regx.cli.data import data_app
from regx.cli.files import init, schema_app, validate
from regx.cli.output import prepare_streams, say
from regx.cli.reproduce import reproduce
from regx.cli.runs import runs
from regx.cli.sweep import sweep
from regx.cli.train import train
from regx.cli.verify import verify

__all__ = ["app", "main"]

app = typer.Typer(
    name="regx",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def root(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Train small networks with regularizers as toggles, and compare what the toggles did."""


app.command()(train)
app.command()(compare)
app.command()(sweep)
app.command()(reproduce)
app.command()(claims)
app.command()(runs)
app.command()(verify)
app.command()(validate)
app.add_typer(data_app, name="data")
app.add_typer(schema_app, name="schema")
app.command()(init)


def main() -> None:
    """Run the command line; every error is one line on stderr, and the exit code says of which kind."""
    debug = "--debug" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--debug"]  # accepted anywhere on the line
    prepare_streams()
    try:
        sys.exit(app(prog_name="regx", standalone_mode=False))
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        message, code = _explain(error)
        say(message)
        sys.exit(code)


def _explain(error: Exception) -> tuple[str, int]:
    """Return what to print of an error, and the exit code: 2 for what the user can mend, else 1."""
    from regx.config.errors import UsageError  # here, since most commands end without an error
    from regx.config.os_errors import explain, is_usage

    if isinstance(error, UsageError):
        return str(error), 2
    if hasattr(error, "format_message"):  # Typer's own: a wrong word on the command line
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "regx"
        message = str(error.format_message()).rstrip(".")
        return message if "\n" in message else f"{message}; see {command} --help", 2
    if isinstance(error, OSError):
        return explain(error), 2 if is_usage(error) else 1
    first_line = str(error).partition("\n")[0]
    return f"error: {type(error).__name__}: {first_line} (--debug shows where)", 1
