"""What the command line does around its subcommands."""

import click
from click.testing import CliRunner

from traits_sandbox.cli import LazyGroup


@click.command
def interrupted() -> None:
    raise KeyboardInterrupt


def test_an_interrupt_is_told_from_a_finding() -> None:
    group = LazyGroup("main", commands_at={"wait": (f"{__name__}:interrupted", "Wait.")})
    done = CliRunner().invoke(group, ["wait"])
    assert (done.exit_code, done.output) == (130, "")
