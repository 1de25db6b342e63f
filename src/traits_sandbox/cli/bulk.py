"""`traits-sandbox bulk`: its commands, and the options about a storage that they share."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from traits_sandbox.bulk.storage.sources import Access, StorageFault
from traits_sandbox.cli import LazyGroup, Refusal
from traits_sandbox.errors import UsageError

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "check": ("traits_sandbox.cli.bulk_check:check", "Check files before the vendor reads them."),
    "watch": ("traits_sandbox.cli.bulk_watch:watch", "Send what appears in a storage to a sandbox."),
}

_FROM_FILE: Final = "@"
_FROM_ENVIRONMENT: Final = "env:"

bulk = LazyGroup("bulk", commands_at=COMMANDS, help="Check and watch the files of the object storage channel.")


class Unreachable(Refusal):
    """A storage that cannot be reached, told in one sentence."""

    exit_code = 3


def storage_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options about a storage; it gets them as `access`, and exit code 3 when there is no way."""

    @click.option("--endpoint-url", default="", metavar="URL", help="Another server than the cloud's own.")
    @click.option(
        "--option",
        "options",
        multiple=True,
        metavar="NAME=VALUE",
        help="How the storage is reached, such as region=eu-west-1, beside the usual environment of each cloud. "
        "NAME=@FILE and NAME=env:VARIABLE keep a secret out of process lists. Repeatable.",
    )
    @functools.wraps(command)
    def called(*arguments: Any, endpoint_url: str, options: tuple[str, ...], **given: Any) -> Any:
        try:
            return command(*arguments, access=Access(endpoint_url, dict(map(_option, options))), **given)
        except StorageFault as fault:
            raise Unreachable(str(fault)) from None

    return called


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:  # the text is not shown: it may be a secret with its name forgotten
        raise UsageError("--option takes NAME=VALUE, NAME=@FILE or NAME=env:VARIABLE")
    if value.startswith(_FROM_FILE):
        return name, _of_file(name, Path(value.removeprefix(_FROM_FILE)))
    if value.startswith(_FROM_ENVIRONMENT):
        return name, _of_environment(name, value.removeprefix(_FROM_ENVIRONMENT))
    return name, value


def _of_file(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"--option {name} cannot be read from {path}: {why}") from None


def _of_environment(name: str, variable: str) -> str:
    try:
        return os.environ[variable]
    except KeyError:
        raise UsageError(f"--option {name}: the environment has no {variable}") from None
