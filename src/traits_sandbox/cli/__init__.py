"""The command line. Subcommands are imported when they are called, so that each pays for itself alone."""

import gc
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import click

from traits_sandbox import __version__
from traits_sandbox.cli.streams import take_every_text
from traits_sandbox.errors import UsageError

# 128 and the number of SIGINT, as shells have it.
INTERRUPTED: Final = 130

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "serve": ("traits_sandbox.cli.serve:serve", "Run the sandbox."),
    "contract": ("traits_sandbox.cli.contract:contract", "Build, check, show and compare contracts."),
    "conformance": ("traits_sandbox.cli.conformance:conformance", "Judge a server by the promises of the document."),
    "bulk": ("traits_sandbox.cli.bulk:bulk", "Check and watch the files of the object storage channel."),
}


class Refusal(click.ClickException):
    """A mistake the caller can mend, told in one sentence."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the sentence to standard error."""
        click.echo(f"traits-sandbox: {self.format_message()}", file=file, err=True)


class LazyGroup(click.Group):
    """A group that knows its subcommands by name and imports one only to run it.

    `commands_at` gives for each name where the command is (`module:name`) and what it does in a sentence.
    """

    def __init__(self, *arguments: Any, commands_at: Mapping[str, tuple[str, str]], **given: Any) -> None:
        super().__init__(*arguments, **given)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the subcommands."""
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a subcommand."""
        if cmd_name not in self._commands_at:
            return None
        # Collecting garbage among what is being imported, and stays, costs a tenth of the start; `serve` turns
        # it on again, the other commands are over before it would matter.
        gc.disable()
        module, _, name = self._commands_at[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of subcommands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self._commands_at.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; what it cannot do ends as one sentence and exit code 2, Ctrl-C with 130."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # Not 1, which means that something was found.
            ctx.exit(INTERRUPTED)
        except UsageError as error:
            raise Refusal(str(error)) from error


class CommandLine(LazyGroup):
    """The whole command line."""

    def main(self, *arguments: Any, **given: Any) -> Any:
        """Run it: the one place where every command, help text and mistake comes by."""
        take_every_text()
        # On Windows, click would read `*`, `~`, `$NAME` and `%NAME%` in any argument as a shell does, in keys too.
        return super().main(*arguments, **{"windows_expand_args": False, **given})


@click.group(cls=CommandLine, commands_at=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="traits-sandbox")
def main() -> None:
    """Run a local stand-in for the 12traits ingestion API. Unofficial; not affiliated with 12traits."""
