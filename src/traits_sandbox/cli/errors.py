"""Errors of the command line: each is shown as one line on standard error, with its own exit code."""

import traceback
from contextlib import suppress
from typing import Any

import click

from traits_sandbox.cli.exit_codes import BUG, NOT_RUN, UNREACHABLE


class CommandError(click.ClickException):
    """A command could not run; the message says how to correct that."""

    exit_code = NOT_RUN

    def show(self, file: Any = None) -> None:
        """Print the message to standard error; the exit code counts even if it cannot be printed."""
        with suppress(OSError):
            click.echo(f"traits-sandbox: {self.format_message()}", file=file, err=True)


class UnreachableStorage(CommandError):
    """A storage cannot be listed or read."""

    exit_code = UNREACHABLE


class KitError(CommandError):
    """The conformance kit itself failed, which says nothing about the server."""

    exit_code = BUG


class BugError(CommandError):
    """A bug in this package, because of which the command has no result."""

    exit_code = BUG

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            f"this is a bug in traits-sandbox ({describe_error(error)}), and the command has no result; please report "
            "the lines above"
        )
        self._error = error

    def show(self, file: Any = None) -> None:
        """Print the traceback and the message to standard error."""
        with suppress(OSError):
            click.echo("".join(traceback.format_exception(self._error)), file=file, err=True, nl=False)
        super().show(file)


def command_error(error: Exception) -> CommandError:
    """Return the error of the command line for any exception: one of the user, one of the machine, or a bug."""
    from traits_sandbox.cli.streams import stdout_failed
    from traits_sandbox.errors import UsageError
    from traits_sandbox.system import machine_error, os_reason

    if isinstance(error, click.UsageError):
        from traits_sandbox.cli.usage import usage_sentence

        return CommandError(usage_sentence(error))
    if isinstance(error, UsageError):
        return CommandError(str(error))
    reason = machine_error(error)
    if reason is None:
        return BugError(error)
    if isinstance(error, OSError) and stdout_failed():
        return CommandError(f"standard output cannot be written: {os_reason(error)}")
    return CommandError(reason)


def describe_error(error: BaseException) -> str:
    """Return the class and the message of an exception in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}".rstrip(": ").replace("\n", " ")
