"""The command line. Only the called subcommand is imported, so that none makes the others start slowly."""

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import click

from traits_sandbox import __version__
from traits_sandbox.cli.streams import discard_pending_output, is_absent, prepare_streams

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "serve": ("traits_sandbox.cli.serve:serve", "Run the sandbox."),
    "contract": ("traits_sandbox.cli.contract:contract", "Build, check, show and compare contracts."),
    "conformance": ("traits_sandbox.cli.conformance:conformance", "Test whether a server conforms to the document."),
    "bulk": ("traits_sandbox.cli.bulk:bulk", "Check files of object storage, or ingest them into a sandbox."),
}


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is called.

    `commands_at` maps the name of each subcommand to its place (`module:name`) and a summary.
    """

    def __init__(self, *arguments: Any, commands_at: Mapping[str, tuple[str, str]], **given: Any) -> None:
        super().__init__(*arguments, **given)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the subcommands."""
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a subcommand, or return None if there is none with this name."""
        if cmd_name not in self._commands_at:
            return None
        # Garbage collection during the imports takes a tenth of the start time, and finds no garbage. Commands that
        # run for long turn it on again.
        gc.disable()
        module, _, name = self._commands_at[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of subcommands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self._commands_at.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; every exception ends it as `_with_exit_codes` says."""
        with _with_exit_codes():
            return super().invoke(ctx)


class CommandLine(LazyGroup):
    """The whole command line."""

    def main(self, *arguments: Any, **given: Any) -> Any:
        """Run a command. Every command, help text and error message passes through this method."""
        prepare_streams()
        if is_absent(sys.stdout):
            click.echo("warning: standard output is closed, so what this command prints is lost", err=True)
        # On Windows, click would expand `*`, `~`, `$NAME` and `%NAME%` in all arguments, even in keys.
        return super().main(*arguments, **{"windows_expand_args": False, **given})

    def make_context(self, *arguments: Any, **given: Any) -> click.Context:
        """Read the options of the command line itself, and print its help."""
        with _with_exit_codes():
            return super().make_context(*arguments, **given)


@contextmanager
def _with_exit_codes() -> Iterator[None]:
    """Give every exception its exit code, and all but Ctrl-C and a closed pipe one line on standard error.

    Without this, click and Python would exit with 1, which means that a check has found something.
    """
    try:
        yield
    except KeyboardInterrupt:
        from traits_sandbox.cli.exit_codes import INTERRUPTED

        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        from traits_sandbox.cli.exit_codes import PIPE_CLOSED

        discard_pending_output()
        raise click.exceptions.Exit(PIPE_CLOSED) from None
    except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError):
        raise
    except Exception as error:
        if isinstance(error, click.ClickException) and not isinstance(error, click.UsageError):
            raise
        from traits_sandbox.cli.errors import command_error

        raise command_error(error) from error


@click.group(cls=CommandLine, commands_at=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="traits-sandbox")
def main() -> None:
    """Run a local sandbox of the 12traits ingestion API, and test clients, files and servers.

    Unofficial; not affiliated with 12traits.
    """
