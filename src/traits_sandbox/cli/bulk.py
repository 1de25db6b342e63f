"""`traits-sandbox bulk`: the group, and the storage options that its commands share."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from traits_sandbox.bulk.storage.sources import Access, StorageError
from traits_sandbox.cli import LazyGroup
from traits_sandbox.cli.errors import UnreachableStorage
from traits_sandbox.cli.options import ca_file_option
from traits_sandbox.errors import UsageError

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "check": ("traits_sandbox.cli.bulk_check:check", "Check files before the vendor reads them."),
    "watch": ("traits_sandbox.cli.bulk_watch:watch", "Ingest new files of a storage into a running sandbox."),
}

_FROM_FILE: Final = "@"
_FROM_ENVIRONMENT: Final = "env:"

bulk = LazyGroup(
    "bulk", commands_at=COMMANDS, help="Check files of object storage, or ingest them into a running sandbox."
)


def storage_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the storage options to a command, which gets them as `access`.

    A storage that cannot be reached ends the command with exit code 3.
    """

    @click.option("--endpoint-url", default="", metavar="URL", help="Server to use instead of the cloud's own.")
    @click.option(
        "--option",
        "options",
        multiple=True,
        metavar="NAME=VALUE",
        help="Setting of the storage client, such as region=eu-west-1; the usual environment variables of each cloud "
        "are read too. NAME=@FILE and NAME=env:VARIABLE keep a secret out of process lists. Repeatable.",
    )
    @ca_file_option()
    @functools.wraps(command)
    def called(*arguments: Any, endpoint_url: str, options: tuple[str, ...], ca_file: str, **given: Any) -> Any:
        try:
            access = Access(endpoint_url, dict(map(_option, options)), ca_file)
            return command(*arguments, access=access, **given)
        except StorageError as fault:
            raise UnreachableStorage(str(fault)) from None

    return called


def allow_empty_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the flag `--allow-empty`."""
    return click.option(
        "--allow-empty", is_flag=True, help="Accept a load without files or rows; otherwise, the exit code is 2."
    )


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:  # The message has no value, because it may be a secret without its name.
        raise UsageError("--option takes NAME=VALUE, NAME=@FILE or NAME=env:VARIABLE")
    if value.startswith(_FROM_FILE):
        return name, _from_file(name, Path(value.removeprefix(_FROM_FILE)))
    if value.startswith(_FROM_ENVIRONMENT):
        return name, _from_environment(name, value.removeprefix(_FROM_ENVIRONMENT))
    return name, value


def _from_file(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"--option {name} cannot be read from {path}: {reason}") from None


def _from_environment(name: str, variable: str) -> str:
    try:
        return os.environ[variable]
    except KeyError:
        raise UsageError(f"--option {name}: there is no environment variable {variable}") from None
