"""The table of settings. A new setting is a new row here and a new attribute of `Settings`."""

from dataclasses import dataclass
from typing import Any, Final

import click

from traits_sandbox.settings.parsing import (
    ParsedType,
    parse_existing_file,
    parse_file,
    parse_host_name,
    parse_interval,
    parse_key,
    parse_seconds,
    parse_size,
    parse_token,
)
from traits_sandbox.settings.storage_uris import BUCKETS

PREFIX: Final = "TRAITS_SANDBOX_"

_FILE: Final = ParsedType("file", parse_file)
_EXISTING_FILE: Final = ParsedType("file", parse_existing_file)
_HOST: Final = ParsedType("host", parse_host_name)
_SIZE: Final = ParsedType("size", parse_size)
_SECONDS: Final = ParsedType("seconds", parse_seconds)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    The default of a repeatable setting is a tuple. A flag takes no value.
    """

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
        """Return the default as a user would write it, or an empty text if there is none."""
        if self.repeatable and isinstance(self.default, tuple):
            return " ".join(self.default)
        return "" if self.default is None or self.flag else str(self.default)


SETTINGS: Final = (
    Setting("host", _HOST, "127.0.0.1", "Address to listen on.", "ADDRESS"),
    Setting("port", click.IntRange(0, 65535), 8012, "Port to listen on; 0 selects a free port.", "PORT"),
    Setting(
        "api_key",
        ParsedType("key", parse_key),
        ("sandbox-key",),
        "API key to accept. Each key has its own dashboard, and KEY/NAME opens more dashboards.",
        "KEY",
        repeatable=True,
    ),
    Setting("seed", click.INT, 1, "Seed of the generated personas and traits.", "N"),
    Setting("personas", click.IntRange(1, 100), 4, "Number of personas in the default segment, 1 to 100.", "N"),
    Setting(
        "lenient",
        click.BOOL,
        False,
        "Also accept common deviations, such as ISO 8601 timestamps; each use is logged.",
        flag=True,
    ),
    Setting(
        "max_memory",
        _SIZE,
        "512MiB",
        "Memory for stored records, in bytes, KiB, MiB or GiB; the oldest records are removed to stay below it.",
        "SIZE",
    ),
    Setting("max_body", _SIZE, "16MiB", "Largest JSON body, before and after decompression.", "SIZE"),
    Setting("max_upload", _SIZE, "256MiB", "Largest CSV upload, before and after decompression.", "SIZE"),
    Setting(
        "ready_file",
        _FILE,
        None,
        "JSON file to write when the sandbox is ready; only its owner can read it.",
        "PATH",
    ),
    Setting("log_format", click.Choice(("pretty", "json", "none")), "pretty", "Format of the request log."),
    Setting(
        "allow_host",
        _HOST,
        (),
        "Also serve requests for this host name; loopback names and IP addresses are always served.",
        "HOST",
        repeatable=True,
    ),
    Setting(
        "control_token",
        ParsedType("token", parse_token),
        None,
        "Token that each request under /_sandbox must send in the header Sandbox-Control-Token.",
        "TOKEN",
    ),
    Setting("tls", click.BOOL, False, "Serve HTTPS with a certificate from a generated local CA.", flag=True),
    Setting("tls_cert", _EXISTING_FILE, None, "Serve HTTPS with this certificate chain (PEM).", "PATH"),
    Setting("tls_key", _EXISTING_FILE, None, "Unencrypted private key of --tls-cert (PEM).", "PATH"),
    Setting("grace", _SECONDS, "5", "Time for running requests to finish at shutdown.", "SECONDS"),
    Setting(
        "receive_timeout",
        _SECONDS,
        30.0,
        "Time for a request to arrive completely; the connection of a slower one is closed.",
        "SECONDS",
    ),
    Setting(
        "bucket",
        click.STRING,
        None,
        f"Ingest new files from this folder, {BUCKETS} into the dashboard `default`.",
        "URI",
    ),
    Setting(
        "bucket_interval",
        ParsedType("duration", parse_interval),
        "5s",
        "Polling interval for --bucket, such as 500ms, 5s or 1m.",
        "TIME",
    ),
    Setting("contract", click.STRING, "2020-09", "Edition to emulate, or a folder with a contract.json.", "EDITION"),
)
