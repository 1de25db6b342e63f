"""Reads the values of options from text, and reports a bad value in one sentence.

Each function returns the value, or raises a ValueError whose message is shown to the user. The message about an API
key or a token never contains the value.
"""

import ipaddress
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

_NUMBERS: Final = {True: "a whole number", False: "a number"}
_REQUIREMENTS: Final = {
    "integer": "must be a whole number",
    "float": "must be a number",
    "boolean": "must be true or false",
}

UNITS: Final = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
TIMES: Final = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
MAX_SECONDS: Final = 3600.0
MIN_INTERVAL: Final = 0.1

INTERVAL: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(|ms|s|m|h)")
SIZE: Final = re.compile(r"([0-9]{1,15}) ?(|KiB|MiB|GiB)")
KEY: Final = re.compile(r"[!-.0-~]+")
TOKEN: Final = re.compile(r"[!-~]+")
HOST_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*")


def parse_size(value: str | int) -> int:
    """Return a size such as `512MiB`, `1GiB` or `1048576` in bytes."""
    match = SIZE.fullmatch(str(value))
    if match is None or (size := int(match[1]) * UNITS[match[2]]) == 0:
        raise ValueError("A size is a number above 0 of bytes, KiB, MiB or GiB, such as 512MiB.")
    return size


def parse_seconds(value: str | float) -> float:
    """Return a number of seconds from 0 to 3600."""
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds <= MAX_SECONDS:
        raise ValueError(f"{value!r} is not a number of seconds from 0 to {MAX_SECONDS:.0f}.")
    return seconds


def parse_interval(value: str | float) -> float:
    """Return an interval such as `5s`, `500ms`, `1m` or `2.5` in seconds, from 0.1 to 3600."""
    match = INTERVAL.fullmatch(str(value))
    seconds = float(match[1]) * TIMES[match[2]] if match else 0.0
    if not MIN_INTERVAL <= seconds <= MAX_SECONDS:
        raise ValueError("An interval is a time from 100ms to 1h, such as 500ms, 5s or 1m.")
    return seconds


def parse_key(value: str) -> str:
    """Return an API key, which has no `/`, because KEY/NAME selects a dashboard of the key."""
    if not KEY.fullmatch(value):
        raise ValueError("An API key is one or more visible ASCII characters, without spaces and without '/'.")
    return value


def parse_token(value: str) -> str:
    """Return a token of the control API."""
    if not TOKEN.fullmatch(value):
        raise ValueError("A control token is one or more visible ASCII characters, without spaces.")
    return value


def parse_host_name(value: str) -> str:
    """Return an IP address, or a host name in lower case, without a port."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        if not HOST_NAME.fullmatch(value):
            raise ValueError(f"{value!r} is not a host name or an IP address (no scheme, no port).") from None
        return value.lower()


def requirement(kind: "click.ParamType[Any]", message: str) -> str:
    """Return what a value of this type must be; `message` is what the type said, which is used if it is ours."""
    match kind:
        case ParsedType():
            return message
        case click.Choice():
            return f"must be one of {', '.join(map(str, kind.choices))}"
        case click.IntRange() | click.FloatRange():
            return f"must be {_NUMBERS[isinstance(kind, click.IntRange)]}{_range(kind.min, kind.max, kind.min_open)}"
        case _:
            return _REQUIREMENTS.get(kind.name, "has a value that cannot be used")


def _range(least: float | None, most: float | None, above: bool) -> str:
    if least is not None and most is not None:
        return f" from {least} to {most}"
    return "" if least is None else f" above {least}" if above else f", {least} or more"


def parse_file(value: str | Path) -> Path:
    """Return the path of a file, which may not exist yet."""
    path = Path(value)
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a file.")
    return path


def parse_existing_file(value: str | Path) -> Path:
    """Return the path of a file that can be read."""
    path = parse_file(value)
    if not path.exists():
        raise ValueError(f"there is no file {path}.")
    if not os.access(path, os.R_OK):
        raise ValueError(f"{path} cannot be read.")
    return path


class ParsedType(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.4 on
    """A click type made from one of the functions above."""

    def __init__(self, name: str, parse: Callable[[Any], object]) -> None:
        self.name = name
        self.parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> object:
        """Return the parsed value, or fail with the message of the ValueError."""
        try:
            return self.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
