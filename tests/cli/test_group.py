"""The group of all commands."""

import click
from click.testing import CliRunner

from traits_sandbox.cli import LazyGroup


@click.command
def interrupted() -> None:
    raise KeyboardInterrupt


def test_an_interrupt_has_another_exit_code_than_a_failure() -> None:
    group = LazyGroup("main", commands_at={"wait": (f"{__name__}:interrupted", "Wait.")})
    done = CliRunner().invoke(group, ["wait"])
    assert (done.exit_code, done.output) == (130, "")
