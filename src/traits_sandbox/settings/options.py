"""Makes an option of the command line, with its environment variable, from each setting."""

import functools
from collections.abc import Callable
from typing import Any

import click

from traits_sandbox.settings.model import Settings
from traits_sandbox.settings.table import SETTINGS, Setting


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each setting to a click command, and pass their values as one argument `settings`.

    Each option can also come from the environment, where spaces separate the values of a repeatable one.
    """

    @functools.wraps(command)
    def run(*args: Any, **values: Any) -> None:
        chosen = {setting.name: values.pop(setting.name) for setting in SETTINGS}
        command(*args, settings=Settings(**chosen), **values)

    decorated: Callable[..., None] = run
    for setting in reversed(SETTINGS):
        decorated = _option(setting)(decorated)
    return decorated


def _option(setting: Setting) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        setting.option,
        setting.name,
        type=setting.type,
        default=setting.default,
        help=setting.help,
        metavar=setting.metavar,
        multiple=setting.repeatable,
        is_flag=setting.flag,
        envvar=setting.variable,
        show_envvar=True,
        show_default=bool(setting.shown_default),
    )
