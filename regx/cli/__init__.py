"""The command line: parse, call, print. The only place that prints, prompts or exits."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from regx.cli.claims import claims
from regx.cli.compare import compare
from regx.cli.data import data_app
from regx.cli.init import init, schema_app
from regx.cli.output import EPILOG, ExitCode, echo, prepare_streams, print_json, say
from regx.cli.reproduce import reproduce
from regx.cli.runs import runs
from regx.cli.sweep import sweep
from regx.cli.train import train
from regx.cli.validate import validate
from regx.cli.verify import verify

__all__ = ["app", "main"]


@contextmanager
def _aloud() -> Iterator[None]:
    """Report a Ctrl-C: Typer would end silently."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Abort from None


class _Commands(TyperGroup):
    """The commands of regx."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read the command line."""
        with _aloud():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is asked for."""
        with _aloud():
            return super().invoke(ctx)


app = typer.Typer(
    name="regx",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},  # of every command below as well
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    import platform
    from importlib.metadata import PackageNotFoundError, version

    import regx
    from regx.runs.checkout import git_state

    commit, dirty = git_state()
    source = f"commit {commit[:9]}{', changed since' if dirty else ''}" if commit else "installed package"
    try:
        torch = version("torch")  # read without importing it
    except PackageNotFoundError:
        torch = "is not installed"
    echo(f"regx {regx.__version__} ({source})\ntorch {torch}\nPython {platform.python_version()}")
    raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Show the versions of regx, torch and Python, and the commit.",
        ),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Train small networks, switch regularizers on and off, and compare what they do."""


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
    """Run the command line; every error is one line on stderr, and the exit code says what kind it is."""
    debug = "--debug" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--debug"]  # accepted anywhere on the line
    prepare_streams()
    try:
        sys.exit(_run())
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as error:
        if debug:
            raise
        message, code = _explain(error)
        say(message)
        if "--json" in sys.argv and not {"--csv", "--md"} & set(sys.argv):  # of two forms at once, neither
            problems = [problem.described for problem in getattr(error, "problems", ())]
            print_json({"error": message, "exit_code": int(code), "problems": problems})
        sys.exit(code)


def _run() -> int | None:
    """Run the command, or answer a shell that asks for completions."""
    from regx.cli.completion import complete, leave_no_space

    run: Callable[[], int | None] = partial(app, prog_name="regx", standalone_mode=False)
    if "" in sys.argv:
        _refuse("an argument is empty: is a variable of the shell not set?")
    if {"--install-completion", "--show-completion"} & set(sys.argv):
        leave_no_space()
        if run():
            _refuse(
                "the shell cannot be told; `_REGX_COMPLETE=source_bash regx` (or zsh, fish) prints its script"
            )
    if os.environ.get("_REGX_COMPLETE") == "complete_bash":
        complete(run)
    return run()


def _refuse(message: str) -> NoReturn:
    from regx.config.errors import UsageError  # here, since it brings the schema along

    raise UsageError(message)


def _explain(error: Exception) -> tuple[str, int]:
    """Return the message of an error, and the exit code: 2 if the user can repair it, else 1."""
    from regx.config.errors import UsageError  # here, since most commands end without an error
    from regx.reading import explain, is_usage

    if isinstance(error, UsageError):
        return str(error), ExitCode.WRONG_USAGE
    if hasattr(error, "format_message"):  # Typer's own: a wrong word on the command line
        from regx.cli.wrong_words import explain_wrong_word

        return explain_wrong_word(error), ExitCode.WRONG_USAGE
    if isinstance(error, OSError):
        return explain(error), ExitCode.WRONG_USAGE if is_usage(error) else ExitCode.RUN_FAILED
    first_line = str(error).partition("\n")[0]
    return f"error: {type(error).__name__}: {first_line} (--debug shows where)", ExitCode.RUN_FAILED
