"""The settings of one sandbox as a frozen value, checked when it is made."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from traits_sandbox.errors import UsageError
from traits_sandbox.settings.parsing import requirement
from traits_sandbox.settings.table import SETTINGS


def _default(name: str) -> Any:
    setting = next(setting for setting in SETTINGS if setting.name == name)
    return setting.default if setting.repeatable else setting.type(setting.default)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one sandbox.

    `max_memory`, `max_body` and `max_upload` are in bytes. `grace`, `receive_timeout` and `bucket_interval` are in
    seconds. Host names are in lower case.

    Raises:
        UsageError: a value does not fit its row of the table, or two values exclude each other.

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
        for problem in _problems(self):
            raise UsageError(problem)

    @property
    def secure(self) -> bool:
        """Return whether the sandbox serves HTTPS."""
        return self.tls or self.tls_cert is not None


def _problems(settings: Settings) -> Iterator[str]:
    for setting in SETTINGS:
        value = getattr(settings, setting.name)
        for one in value if setting.repeatable else (value,):
            try:
                setting.type(one)
            except click.BadParameter as error:
                yield f"{setting.option}: {requirement(setting.type, error.message)}"
    if not settings.api_key:
        yield "At least one --api-key is required."
    if len(set(settings.api_key)) < len(settings.api_key):
        yield "The same --api-key was given twice."
    if (settings.tls_cert is None) != (settings.tls_key is None):
        yield "--tls-cert and --tls-key must be used together."
    if settings.tls and settings.tls_cert is not None:
        yield "--tls generates its own certificate, so it cannot be used with --tls-cert and --tls-key."
