"""Makes an option of the command line, with its environment variable, from each setting."""

import functools
import re
from collections.abc import Callable
from typing import Any, Final

import click

from traits_sandbox.reporting.words import printable
from traits_sandbox.settings.model import Settings
from traits_sandbox.settings.table import SETTINGS, Setting

# For a service `traits-sandbox`, the variable is TRAITS_SANDBOX_PORT; others of its variables are not settings.
_LINKED: Final = "_PORT"
_SERVICE_LINK: Final = re.compile(r"(tcp|udp|sctp)://", re.IGNORECASE)


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


class _SettingOption(click.Option):
    """An option that ignores a variable which Kubernetes or Docker has set for a service of the same name."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the value of the variable, or None if there is none or it is not meant for this option."""
        value = super().resolve_envvar_value(ctx)
        if value is None or not (str(self.envvar).endswith(_LINKED) and _SERVICE_LINK.match(value)):
            return value
        click.echo(
            f"warning: {self.envvar}={printable(value)} is ignored: it is the address of a service, which Kubernetes "
            f"and Docker set for a service of this name; set `enableServiceLinks: false`, or give {self.opts[0]}",
            err=True,
        )
        return None


def _option(setting: Setting) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        setting.option,
        setting.name,
        cls=_SettingOption,
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
