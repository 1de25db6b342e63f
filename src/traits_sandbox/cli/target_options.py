"""The target options that the commands of `traits-sandbox conformance` share, and how these commands report errors."""

import functools
import math
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Final

import click

from traits_sandbox.cli.errors import CommandError, KitError, describe_error
from traits_sandbox.cli.exit_codes import INTERRUPTED
from traits_sandbox.conformance.http.client import Target, WireLimits
from traits_sandbox.conformance.http.keys import VARIABLE, masker_of
from traits_sandbox.conformance.judging.requirements import DECIDING, Profile
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.errors import UsageError
from traits_sandbox.reporting.masking import Masker
from traits_sandbox.system import machine_error
from traits_sandbox.trust import trust

LIMITS: Final = WireLimits()
OPTIONS: Final = Options()


class FiniteRange(click.FloatRange):
    """A range without infinity and NaN, which click's range accepts."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail if it is not finite or out of range."""
        number = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{value!r} is not a number.", param, ctx)


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """The values of the target options: which server to test, and what the run may do to it."""

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
    def masker(self) -> Masker:
        """Return a masker that hides the API key in every output."""
        return masker_of(self.api_key)

    def target(self, default_key: str = "") -> Target:
        """Return the server to test.

        Raises:
            UsageError: there is no base URL, it is not valid, or the CA certificates cannot be read.

        """
        if not self.base_url:
            raise UsageError("--base-url is required, for example --base-url http://127.0.0.1:8012")
        target = Target(self.base_url, self.api_key or default_key, self.ca_file or None)
        target.check()
        if self.ca_file or target.secured:
            trust(self.ca_file)
        return target

    def run_options(self, **more: Any) -> Options:
        """Return the options of a run; `more` are options of the command itself."""
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

    def reproduction(self) -> Reproduction:
        """Return the arguments with which a user can run a case against the same server again."""
        given = {
            "--profile": self.profile if self.profile != OPTIONS.profile else "",
            "--seed": str(self.seed or ""),
            "--allow-writes": self.allow_writes,
            "--allow-plain-http": self.allow_plain_http,
            "--user-id": self.user_id,
        }
        pairs = [(name, value) for name, value in given.items() if value]
        return Reproduction(self.base_url or "", self.ca_file, tuple(part for pair in pairs for part in pair))


_POSITIVE: Final = FiniteRange(min=0, min_open=True)
_TARGET_OPTIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("--base-url", {"metavar": "URL", "help": "Server to test, such as https://host or http://127.0.0.1:8012."}),
    ("--api-key", {
        "metavar": "KEY", "envvar": VARIABLE, "default": "",
        "help": f"API key of the server. Set {VARIABLE} instead to keep it out of process lists and histories.",
    }),
    ("--profile", {
        "type": click.Choice(list(DECIDING)), "default": OPTIONS.profile, "show_default": True,
        "help": "Requirements that decide the verdict. core: MUST. strict: also SHOULD. emulator: also what only the "
        "emulator promises.",
    }),
    ("--seed", {
        "metavar": "N", "type": click.IntRange(min=0), "default": OPTIONS.seed, "show_default": True,
        "help": "Seed of the order of cases and of their values; the same seed sends the same requests.",
    }),
    ("--allow-writes", {
        "metavar": "HOST", "default": "",
        "help": "Allow test data on the server, whose host must be repeated here. The kit removes the data at the end. "
        "Loopback is always allowed.",
    }),
    ("--allow-plain-http", {
        "metavar": "HOST", "default": "",
        "help": "Allow plain HTTP to the server, whose host must be repeated here. Others on the network can read the "
        "key. Loopback is always allowed.",
    }),
    ("--user-id", {
        "metavar": "ID", "default": "",
        "help": "User who exists on the server, for requests about a user's status. Needed without write access, and "
        "for a server that answers 404 about users who only exist by a push or an upload.",
    }),
    ("--max-requests", {
        "metavar": "N", "type": click.IntRange(min=1), "default": LIMITS.max_requests, "show_default": True,
        "help": "Largest number of requests.",
    }),
    ("--rate", {
        "metavar": "N", "type": FiniteRange(min=0), "default": LIMITS.rate, "show_default": True,
        "help": "Requests per second; 0 means no limit.",
    }),
    ("--max-time", {
        "metavar": "SECONDS", "type": _POSITIVE, "default": LIMITS.max_time, "show_default": True,
        "help": "Time limit of the whole run.",
    }),
    ("--timeout", {
        "metavar": "SECONDS", "type": _POSITIVE, "default": LIMITS.timeout, "show_default": True,
        "help": "Time limit of one reply.",
    }),
    ("--concurrency", {
        "metavar": "N", "type": click.IntRange(1, 16), "default": OPTIONS.concurrency, "show_default": True,
        "help": "Number of cases that run at the same time.",
    }),
    ("--ca-file", {"metavar": "FILE", "default": "", "help": "More CA certificates to trust (PEM)."}),
    ("--debug", {"is_flag": True, "help": "Print a traceback if the kit itself fails."}),
)  # fmt: skip


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the target options to a command, which gets them as its first argument, a TargetOptions.

    Errors of the command are reported as `reporting_errors` says.
    """

    @functools.wraps(command)
    def called(*arguments: Any, **given: Any) -> Any:
        chosen = TargetOptions(**{each.name: given.pop(each.name) for each in fields(TargetOptions)})
        with reporting_errors(chosen):
            return command(chosen, *arguments, **given)

    decorated: Callable[..., Any] = called
    for name, given in reversed(_TARGET_OPTIONS):
        decorated = click.option(name, **given)(decorated)
    return decorated


@contextmanager
def reporting_errors(chosen: TargetOptions) -> Iterator[None]:
    """Report errors without the API key.

    A UsageError keeps its exit code, Ctrl-C ends the command with 130, an error of the machine ends it with 2, and any
    other error becomes a KitError. With --debug, the traceback of the latter is printed too.
    """
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
        raise
    except UsageError as error:
        raise UsageError(chosen.masker(str(error))) from None
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if reason := machine_error(error):
            raise CommandError(chosen.masker(reason)) from None
        if chosen.debug:
            click.echo(chosen.masker("".join(traceback.format_exception(error))), err=True)
        raise KitError(chosen.masker(_describe_bug(error))) from None


def _describe_bug(error: BaseException) -> str:
    what = describe_error(error)
    return f"the kit itself failed, which says nothing about the server ({what}); run again with --debug and report it"
