"""One table of settings, from which the command line, the environment and the reference page derive."""

import functools
import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from traits_sandbox.errors import UsageError

PREFIX: Final = "TRAITS_SANDBOX_"
UNITS: Final = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
MAX_GRACE: Final = 3600.0

TIMES: Final = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
MIN_INTERVAL: Final = 0.1

INTERVAL: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(|ms|s|m|h)")
SIZE: Final = re.compile(r"([0-9]{1,15}) ?(|KiB|MiB|GiB)")
KEY: Final = re.compile(r"[!-.0-~]+")
TOKEN: Final = re.compile(r"[!-~]+")
HOST_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*")


def parse_size(value: str | int) -> int:
    """Return the bytes that a size such as `512MiB`, `1GiB` or `1048576` means; a number passes as it is."""
    match = SIZE.fullmatch(str(value))
    if match is None or (size := int(match[1]) * UNITS[match[2]]) == 0:
        raise ValueError("A size is a number of bytes above 0, or of KiB, MiB or GiB, such as 512MiB.")
    return size


def parse_seconds(value: str | float) -> float:
    """Return a time from 0 seconds to an hour."""
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds <= MAX_GRACE:
        raise ValueError(f"{value!r} is not a number of seconds from 0 to {MAX_GRACE:.0f}.")
    return seconds


def parse_interval(value: str | float) -> float:
    """Return the seconds that a time such as `5s`, `500ms`, `1m` or `2.5` means: from a tenth of one to an hour."""
    match = INTERVAL.fullmatch(str(value))
    seconds = float(match[1]) * TIMES[match[2]] if match else 0.0
    if not MIN_INTERVAL <= seconds <= MAX_GRACE:
        raise ValueError("An interval is a time from 100ms to an hour, such as 500ms, 5s or 1m.")
    return seconds


def parse_key(value: str) -> str:
    """Return an API key; the error never repeats it, and `/` is left to name a key's dashboards."""
    if not KEY.fullmatch(value):
        raise ValueError("An API key is one or more visible ASCII characters, without spaces and without '/'.")
    return value


def parse_token(value: str) -> str:
    """Return a token of the control API; the error never repeats it."""
    if not TOKEN.fullmatch(value):
        raise ValueError("A control token is one or more visible ASCII characters, without spaces.")
    return value


def parse_host_name(value: str) -> str:
    """Return a host name in lower case, or an IP address; a port is refused."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        if not HOST_NAME.fullmatch(value):
            raise ValueError(f"{value!r} is not a host name or an IP address (no scheme, no port).") from None
        return value.lower()


class Parsed(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.4 on
    """A click type made of a function that returns the value or raises a ValueError with the sentence to show."""

    def __init__(self, name: str, parse: Callable[[Any], object]) -> None:
        self.name = name
        self.parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> object:
        """Return the value that was meant, or fail with the function's sentence."""
        try:
            return self.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. A repeatable setting's default is a tuple; a flag takes no value."""

    name: str
    type: "click.ParamType[Any]"
    default: object
    help: str
    metavar: str | None = None
    repeatable: bool = False
    flag: bool = False

    @property
    def option(self) -> str:
        """Return the name on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Return the name in the environment."""
        return PREFIX + self.name.upper()

    @property
    def shown_default(self) -> str:
        """Return the default as a person would write it, empty when there is none."""
        if self.repeatable and isinstance(self.default, tuple):
            return " ".join(self.default)
        return "" if self.default is None or self.flag else str(self.default)


SETTINGS: Final = (
    Setting("host", Parsed("host", parse_host_name), "127.0.0.1", "Address to listen on.", "ADDRESS"),
    Setting("port", click.IntRange(0, 65535), 8012, "Port to listen on; 0 takes any free one.", "PORT"),
    Setting(
        "api_key",
        Parsed("key", parse_key),
        ("sandbox-key",),
        "API key to accept; each has a dashboard of its own, and KEY/NAME opens further ones.",
        "KEY",
        repeatable=True,
    ),
    Setting("seed", click.INT, 1, "Seed of the made-up personas and traits.", "N"),
    Setting("personas", click.IntRange(1, 100), 4, "Personas in the default segment, 1 to 100.", "N"),
    Setting(
        "lenient",
        click.BOOL,
        False,
        "Accept common deviations too, such as ISO 8601 timestamps; each use is logged.",
        flag=True,
    ),
    Setting(
        "max_memory",
        Parsed("size", parse_size),
        "512MiB",
        "Memory for kept records, in bytes, KiB, MiB or GiB.",
        "SIZE",
    ),
    Setting(
        "max_body",
        Parsed("size", parse_size),
        "16MiB",
        "Largest JSON body, also after decompression.",
        "SIZE",
    ),
    Setting(
        "max_upload",
        Parsed("size", parse_size),
        "256MiB",
        "Largest CSV upload, also after decompression.",
        "SIZE",
    ),
    Setting(
        "ready_file",
        click.Path(dir_okay=False, path_type=Path),
        None,
        "Write this JSON file, readable by you alone, once requests are served.",
        "PATH",
    ),
    Setting("log_format", click.Choice(("pretty", "json", "none")), "pretty", "How requests are logged."),
    Setting(
        "allow_host",
        Parsed("host", parse_host_name),
        (),
        "Serve requests for this host name too, beside loopback names and IP addresses.",
        "HOST",
        repeatable=True,
    ),
    Setting(
        "control_token",
        Parsed("token", parse_token),
        None,
        "Ask for this token, in the header Sandbox-Control-Token, on every call under /_sandbox.",
        "TOKEN",
    ),
    Setting("tls", click.BOOL, False, "Serve HTTPS with a certificate of an own local CA.", flag=True),
    Setting(
        "tls_cert",
        click.Path(exists=True, dir_okay=False, path_type=Path),
        None,
        "Serve HTTPS with this certificate chain (PEM).",
        "PATH",
    ),
    Setting(
        "tls_key",
        click.Path(exists=True, dir_okay=False, path_type=Path),
        None,
        "The unencrypted private key of --tls-cert (PEM).",
        "PATH",
    ),
    Setting(
        "grace",
        Parsed("seconds", parse_seconds),
        "5",
        "Time for requests in flight to finish at shutdown.",
        "SECONDS",
    ),
    Setting(
        "receive_timeout",
        Parsed("seconds", parse_seconds),
        30.0,
        "Time for a request to arrive whole; a slower one is cut off.",
        "SECONDS",
    ),
    Setting(
        "bucket",
        click.STRING,
        None,
        "Take in what appears below this folder, s3://bucket, gs://bucket or az://container, into `default`.",
        "URI",
    ),
    Setting(
        "bucket_interval",
        Parsed("duration", parse_interval),
        "5s",
        "Time between two looks at --bucket, such as 500ms, 5s or 1m.",
        "TIME",
    ),
    Setting("contract", click.STRING, "2020-09", "Edition to emulate, or a folder with a contract.json.", "EDITION"),
)


def _default(name: str) -> Any:
    setting = next(setting for setting in SETTINGS if setting.name == name)
    return setting.default if setting.repeatable else setting.type(setting.default)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a sandbox is started with.

    `max_memory`, `max_body` and `max_upload` are in bytes, `grace`, `receive_timeout` and `bucket_interval` in seconds,
    host names in lower case.

    Raises:
        UsageError: a value is not one that its row of the table takes, or two values exclude each other.

    """

    host: str = _default("host")
    port: int = _default("port")
    api_key: tuple[str, ...] = _default("api_key")
    seed: int = _default("seed")
    personas: int = _default("personas")
    lenient: bool = _default("lenient")
    max_memory: int = _default("max_memory")
    max_body: int = _default("max_body")
    max_upload: int = _default("max_upload")
    ready_file: Path | None = None
    log_format: str = _default("log_format")
    allow_host: tuple[str, ...] = _default("allow_host")
    control_token: str | None = None
    tls: bool = _default("tls")
    tls_cert: Path | None = None
    tls_key: Path | None = None
    grace: float = _default("grace")
    receive_timeout: float = _default("receive_timeout")
    bucket: str | None = None
    bucket_interval: float = _default("bucket_interval")
    contract: str = _default("contract")

    def __post_init__(self) -> None:
        for fault in _faults(self):
            raise UsageError(fault)

    @property
    def secure(self) -> bool:
        """Tell whether the sandbox speaks HTTPS."""
        return self.tls or self.tls_cert is not None


def _faults(settings: Settings) -> Iterator[str]:
    for setting in SETTINGS:
        value = getattr(settings, setting.name)
        for one in value if setting.repeatable else (value,):
            try:
                setting.type(one)
            except click.BadParameter as error:
                yield f"{setting.option}: {error.message}"
    if not settings.api_key:
        yield "At least one --api-key is needed."
    if len(set(settings.api_key)) < len(settings.api_key):
        yield "The same --api-key was given twice."
    if (settings.tls_cert is None) != (settings.tls_key is None):
        yield "--tls-cert and --tls-key go together: give both or neither."
    if settings.tls and settings.tls_cert is not None:
        yield "--tls makes its own certificate: leave it out, or leave out --tls-cert and --tls-key."


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a click command every option of the table; the function gets their values as one `settings`.

    Each option may also come from the environment, where the values of a repeatable one stand between spaces.
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
