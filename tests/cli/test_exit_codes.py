"""Every command lists its exit codes in its help text."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from traits_sandbox.cli import main
from traits_sandbox.cli.exit_codes import EXIT_CODES


def commands(group: click.Group, prefix: str = "") -> Iterator[str]:
    """Yield the full names of all commands that can be run."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield f"{prefix}{name}"
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")


def test_every_command_is_in_the_table() -> None:
    assert sorted(commands(main)) == sorted(EXIT_CODES)


@pytest.mark.parametrize("command", EXIT_CODES)
def test_the_help_of_a_command_lists_its_exit_codes(command: str) -> None:
    printed = CliRunner().invoke(main, [*command.split(), "--help"], terminal_width=200).output
    lines = [line.split(maxsplit=1) for line in printed.partition("Exit codes:\n")[2].splitlines()]
    assert lines[: len(EXIT_CODES[command])] == [[str(code), text] for code, text in EXIT_CODES[command].items()]
