"""`traits-sandbox bulk watch`: sends what appears in a storage to a sandbox."""

import gc
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

import click

from traits_sandbox.bulk.loading.background import Background
from traits_sandbox.bulk.loading.sending import Remote
from traits_sandbox.bulk.loading.watching import Watch
from traits_sandbox.bulk.storage.paths import as_text
from traits_sandbox.bulk.storage.sources import Access, FileSource
from traits_sandbox.cli.bulk import storage_options
from traits_sandbox.clock import system_clock
from traits_sandbox.contract.load import editions, load
from traits_sandbox.settings import Parsed, parse_interval
from traits_sandbox.system import ending_signals
from traits_sandbox.web.log import printable

# How long work in progress may take to end after a signal; what it leaves undone is sent another time.
_GRACE: Final = 2.0
_BLINK: Final = 0.5

T = TypeVar("T")


@click.command()
@click.argument("uri")
@storage_options
@click.option(
    "--to",
    default="http://127.0.0.1:8012",
    show_default=True,
    metavar="URL",
    help="Base URL of the sandbox.",
)
@click.option(
    "--api-key",
    default="",
    metavar="KEY",
    envvar="TRAITS_API_KEY",
    show_envvar=True,
    help="Key of the dashboard to send to; without one it is `default`.",
)
@click.option(
    "--control-token",
    default="",
    metavar="TOKEN",
    envvar="TRAITS_SANDBOX_CONTROL_TOKEN",
    show_envvar=True,
    help="What the sandbox was started with, if it was.",
)
@click.option(
    "--interval",
    type=Parsed("duration", parse_interval),
    default="5s",
    show_default=True,
    metavar="TIME",
    help="Time between two looks, such as 500ms, 5s or 1m.",
)
@click.option("--once", is_flag=True, help="End when everything that is there now has been sent.")
@click.option(
    "--edition",
    type=click.Choice(editions()),
    default=editions()[-1],
    show_default=True,
    help="Edition of the vendor's document.",
)
def watch(
    uri: str, *, access: Access, to: str, api_key: str, control_token: str, interval: float, once: bool, edition: str
) -> None:
    """Send what appears below URI to a sandbox: a folder, file://, s3://bucket, gs://bucket or az://container.

    New objects are found at an interval and sent once each, when they have not changed for an interval. What the
    sandbox has is known to the sandbox: a watch that starts anew sends nothing twice. An object that is overwritten
    is a notice, and not sent again. Files are listed and read, and nothing else is done to them.

    \b
    Exit codes:
      0  ended by a signal, or with --once: everything was sent and taken
      1  with --once: rows were refused, or files still change
      2  it could not do what was asked
      3  with --once: the storage, or the sandbox, is out of reach
    """
    gc.enable()
    source = FileSource(as_text(uri), access)
    with Remote(to, api_key=api_key, token=control_token) as remote:
        watching = Watch(source, load(edition), remote, interval=interval, clock=system_clock, say=_say)
        done = _until_signalled(watching, watching.once if once else watching.run)
    sys.exit(done.exit_code if done and not watching.stop.is_set() else 0)


def _until_signalled(watching: Watch, work: Callable[[], T]) -> T | None:
    """Return what the work does, None if a signal ended it."""
    background = Background(work)
    for number in ending_signals():
        signal.signal(number, lambda *_: watching.stop.set())
    background.start()
    while not background.over(_BLINK):
        if watching.stop.is_set() and not background.over(_GRACE):
            break
    return background.result


def _say(line: str) -> None:
    click.echo(f"{datetime.now():%H:%M:%S}  {printable(line)}")
