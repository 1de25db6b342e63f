"""Errors of the command line: each is shown as one line on standard error, with its own exit code."""

from typing import Any

import click

from traits_sandbox.cli.exit_codes import KIT_ERROR, NOT_RUN, UNREACHABLE


class CommandError(click.ClickException):
    """A command could not run; the message says how to correct that."""

    exit_code = NOT_RUN

    def show(self, file: Any = None) -> None:
        """Print the message to standard error."""
        click.echo(f"traits-sandbox: {self.format_message()}", file=file, err=True)


class UnreachableStorage(CommandError):
    """A storage cannot be listed or read."""

    exit_code = UNREACHABLE


class KitError(CommandError):
    """The conformance kit itself failed, which says nothing about the server."""

    exit_code = KIT_ERROR
