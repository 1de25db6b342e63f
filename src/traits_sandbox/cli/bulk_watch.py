"""`traits-sandbox bulk watch`: ingests new files of a storage into a running sandbox."""

import gc
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

import click

from traits_sandbox.bulk.loading.background import Background
from traits_sandbox.bulk.loading.sending import RemoteSandbox
from traits_sandbox.bulk.loading.watching import Watch
from traits_sandbox.bulk.reports.words import why_unchecked
from traits_sandbox.bulk.storage.paths import as_text
from traits_sandbox.bulk.storage.sources import Access, FileSource
from traits_sandbox.cli.bulk import allow_empty_option, storage_options
from traits_sandbox.cli.exit_codes import lists_exit_codes
from traits_sandbox.cli.options import edition_option
from traits_sandbox.clock import system_clock
from traits_sandbox.contract.load import load
from traits_sandbox.reporting.words import printable
from traits_sandbox.settings.parsing import ParsedType, parse_interval
from traits_sandbox.settings.storage_uris import STORAGES
from traits_sandbox.system import ending_signals

# After a signal, running work may take this many seconds. A later watch sends what it has not sent.
_GRACE: Final = 2.0
# How often, in seconds, the main thread checks for signals.
_SIGNAL_CHECK: Final = 0.5

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
    help="API key of the dashboard to send to; without it, the dashboard `default` gets the rows.",
)
@click.option(
    "--control-token",
    default="",
    metavar="TOKEN",
    envvar="TRAITS_SANDBOX_CONTROL_TOKEN",
    show_envvar=True,
    help="Control token of the sandbox, if it was started with one.",
)
@click.option(
    "--interval",
    type=ParsedType("duration", parse_interval),
    default="5s",
    show_default=True,
    metavar="TIME",
    help="Polling interval, such as 500ms, 5s or 1m.",
)
@click.option("--once", is_flag=True, help="End when all files that exist now have been sent.")
@allow_empty_option()
@edition_option()
@lists_exit_codes("bulk watch", storages=STORAGES)
def watch(
    uri: str, *, access: Access, to: str, api_key: str, control_token: str, interval: float, once: bool,
    allow_empty: bool, edition: str,
) -> None:  # fmt: skip
    """Send new files below URI to a sandbox: {storages}.

    A file is sent once, after it has been stable for one interval. The sandbox remembers which files it has
    ingested, so a watch that is started again sends nothing twice. A file that is overwritten later is reported as
    a notice, and not sent again. The watch only lists and reads files.
    """
    gc.enable()
    source = FileSource(as_text(uri), access)
    with RemoteSandbox(to, api_key=api_key, token=control_token, ca_file=access.ca_file) as receiver:
        watching = Watch(source, load(edition), receiver, interval=interval, clock=system_clock, log=_log)
        done = _run_until_signal(watching, watching.once if once else watching.run)
    if done is None or watching.stop.is_set():
        return
    if done.unchecked and allow_empty and done.unchecked.empty:
        done.unchecked = None
    if done.unchecked:
        why = f"{printable(uri)}: {why_unchecked(done.unchecked)}"
        click.echo(f"traits-sandbox: nothing to ingest below {why}", err=True)
    sys.exit(done.exit_code)


def _run_until_signal(watching: Watch, work: Callable[[], T]) -> T | None:
    """Run the work in another thread; return its result, or None if a signal ended it."""
    background = Background(work)
    for number in ending_signals():
        signal.signal(number, lambda *_: watching.stop.set())
    background.start()
    while not background.over(_SIGNAL_CHECK):
        if watching.stop.is_set() and not background.over(_GRACE):
            break
    return background.result


def _log(line: str) -> None:
    click.echo(f"{datetime.now():%H:%M:%S}  {printable(line)}")
