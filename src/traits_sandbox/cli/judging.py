"""What the commands of `traits-sandbox conformance` share: the options about a target, and how mistakes are told."""

import functools
import math
import ssl
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Final

import click

from traits_sandbox.cli import INTERRUPTED
from traits_sandbox.conformance.http.client import Target, WireLimits
from traits_sandbox.conformance.http.keys import VARIABLE
from traits_sandbox.conformance.judging.requirements import DECIDING, Profile
from traits_sandbox.conformance.reports.masking import Mask
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.errors import UsageError

LIMITS: Final = WireLimits()
OPTIONS: Final = Options()


class Finite(click.FloatRange):
    """A number that is one: neither endless nor NaN, which every range lets pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert a text."""
        number = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{value!r} is not a number.", param, ctx)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says about a target, and how it is to be treated."""

    base_url: str | None
    api_key: str
    profile: Profile
    seed: int
    allow_writes: str
    allow_plain_http: str
    user_id: str
    max_requests: int
    rate: float
    max_time: float
    timeout: float
    concurrency: int
    ca_file: str
    debug: bool

    @property
    def mask(self) -> Mask:
        """Return what hides the key."""
        return Mask(self.api_key)

    def target(self, default_key: str = "") -> Target:
        """Return the target.

        Raises:
            UsageError: there is none, it cannot be one, or its certificates cannot be read.

        """
        if not self.base_url:
            raise UsageError("--base-url says which server to judge, as in --base-url http://127.0.0.1:8012")
        target = Target(self.base_url, self.api_key or default_key, self.ca_file or None)
        target.check()
        self._check_certificates()
        return target

    def _check_certificates(self) -> None:
        try:
            ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:
            raise UsageError(f"--ca-file holds no PEM certificates that can be read: {self.ca_file}") from error

    def options(self, **more: Any) -> Options:
        """Return the choices of a run, with some more."""
        return Options(
            profile=self.profile,
            seed=self.seed,
            limits=WireLimits(self.max_requests, self.rate, self.max_time, self.timeout),
            allow_writes=self.allow_writes,
            allow_plain_http=self.allow_plain_http,
            known_user=self.user_id,
            concurrency=self.concurrency,
            **more,
        )

    def way(self) -> Reproduction:
        """Return the way to the target for whoever wants to see something again."""
        given = {
            "--profile": self.profile if self.profile != OPTIONS.profile else "",
            "--seed": str(self.seed or ""),
            "--allow-writes": self.allow_writes,
            "--allow-plain-http": self.allow_plain_http,
            "--user-id": self.user_id,
        }
        pairs = [(name, value) for name, value in given.items() if value]
        return Reproduction(self.base_url or "", self.ca_file, tuple(part for pair in pairs for part in pair))


_POSITIVE: Final = Finite(min=0, min_open=True)
_TARGET_OPTIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("--base-url", {"metavar": "URL", "help": "The server to judge, such as https://host or http://127.0.0.1:8012."}),
    ("--api-key", {
        "metavar": "KEY", "envvar": VARIABLE, "default": "",
        "help": f"Its API key. Better set {VARIABLE}, which keeps it out of process lists and histories.",
    }),
    ("--profile", {
        "type": click.Choice(list(DECIDING)), "default": OPTIONS.profile, "show_default": True,
        "help": "What decides the verdict: MUST; strict: SHOULD too; emulator: what only the emulator promises too.",
    }),
    ("--seed", {
        "metavar": "N", "type": click.IntRange(min=0), "default": OPTIONS.seed, "show_default": True,
        "help": "Orders the cases and draws their values; the same seed sends the same requests.",
    }),
    ("--allow-writes", {
        "metavar": "HOST", "default": "",
        "help": "Write test data to this host, the target's, and remove it again. Loopback needs no leave.",
    }),
    ("--allow-plain-http", {
        "metavar": "HOST", "default": "",
        "help": "Send the key to this host, the target's, over plain HTTP, where everybody on the way can read it.",
    }),
    ("--user-id", {
        "metavar": "ID", "default": "",
        "help": "A user who exists on the target, whose status can be asked: where nothing may be written, and where "
        "the server answers 404 for users whom it knows by a push or an upload alone.",
    }),
    ("--max-requests", {
        "metavar": "N", "type": click.IntRange(min=1), "default": LIMITS.max_requests, "show_default": True,
        "help": "Send no more requests.",
    }),
    ("--rate", {
        "metavar": "N", "type": Finite(min=0), "default": LIMITS.rate, "show_default": True,
        "help": "Requests a second; 0 is as fast as it goes.",
    }),
    ("--max-time", {
        "metavar": "SECONDS", "type": _POSITIVE, "default": LIMITS.max_time, "show_default": True,
        "help": "Time for the whole run.",
    }),
    ("--timeout", {
        "metavar": "SECONDS", "type": _POSITIVE, "default": LIMITS.timeout, "show_default": True,
        "help": "Time for one reply.",
    }),
    ("--concurrency", {
        "metavar": "N", "type": click.IntRange(1, 16), "default": OPTIONS.concurrency, "show_default": True,
        "help": "How many cases run side by side.",
    }),
    ("--ca-file", {"metavar": "FILE", "default": "", "help": "Certificates to trust beside the usual ones (PEM)."}),
    ("--debug", {"is_flag": True, "help": "Show where in the kit an error of its own happened."}),
)  # fmt: skip


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options about a target; it gets them as its first argument, an Asked."""

    @functools.wraps(command)
    def called(*arguments: Any, **given: Any) -> Any:
        asked = Asked(**{each.name: given.pop(each.name) for each in fields(Asked)})
        with reporting_errors(asked):
            return command(asked, *arguments, **given)

    decorated: Callable[..., Any] = called
    for name, given in reversed(_TARGET_OPTIONS):
        decorated = click.option(name, **given)(decorated)
    return decorated


class KitError(click.ClickException):
    """An error of the kit itself, which says nothing about the server."""

    exit_code = 4

    def show(self, file: Any = None) -> None:
        """Print it to standard error."""
        click.echo(f"traits-sandbox: {self.format_message()}", file=file, err=True)


@contextmanager
def reporting_errors(asked: Asked) -> Iterator[None]:
    """Tell what goes wrong in a sentence without the key; the exit code says whose mistake it was."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
        raise
    except UsageError as error:
        raise UsageError(asked.mask.text(str(error))) from None
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if asked.debug:
            click.echo(asked.mask.text("".join(traceback.format_exception(error))), err=True)
        raise KitError(asked.mask.text(_own_mistake(error))) from None


def _own_mistake(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    told = f"{type(error).__name__}: {error}".rstrip(": ").replace("\n", " ")
    return f"the kit itself failed, which says nothing about the server ({told}); run again with --debug and report it"
