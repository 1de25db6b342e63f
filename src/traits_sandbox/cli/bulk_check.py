"""`traits-sandbox bulk check`: checks files before the vendor reads them, and writes reports."""

import gc
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any

import click
import orjson

from traits_sandbox.bulk.checking.engine import Engine, LocalEngine
from traits_sandbox.bulk.checking.quarantine import Quarantine
from traits_sandbox.bulk.checking.scan import check as check_load
from traits_sandbox.bulk.reports import RENDERERS, json, terminal
from traits_sandbox.bulk.reports.progress import progress
from traits_sandbox.bulk.reports.words import why_unchecked
from traits_sandbox.bulk.storage.paths import as_text
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.bulk.values import LoadReport
from traits_sandbox.cli import report_files
from traits_sandbox.cli.bulk import allow_empty_option, storage_options
from traits_sandbox.cli.exit_codes import SIGNALLED, lists_exit_codes
from traits_sandbox.cli.options import edition_option, json_option, report_option
from traits_sandbox.cli.streams import console, discard_pending_output
from traits_sandbox.contract.load import load
from traits_sandbox.errors import UsageError
from traits_sandbox.reporting.words import printable
from traits_sandbox.settings.storage_uris import STORAGES
from traits_sandbox.system import ending_signals, processors


@click.command()
@click.argument("uris", nargs=-1, metavar="URI...")
@storage_options
@edition_option()
@click.option(
    "--first",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Number of bad rows of each file in the reports; all bad rows are counted.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    metavar="N",
    help="Number of parallel processes.  [default: one for each processor]",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Where to check: in processes on this machine, or on a Dask cluster.",
)
@click.option(
    "--scheduler",
    default="",
    metavar="URL",
    help="Scheduler of the cluster, such as tcp://host:8786. Without it, --engine dask starts workers on this machine.",
)
@click.option(
    "--quarantine",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write all bad rows and their violations to this folder, which must be new or empty.",
)
@allow_empty_option()
@report_option(RENDERERS)
@json_option("the report")
@click.option("--report-schema", is_flag=True, help="Print the JSON Schema of the JSON report, and check nothing.")
@lists_exit_codes("bulk check", storages=STORAGES)
def check(
    uris: tuple[str, ...], *, access: Access, edition: str, first: int, jobs: int | None, engine: str,
    scheduler: str, quarantine: Path | None, allow_empty: bool, report: tuple[str, ...], as_json: bool,
    report_schema: bool,
) -> None:  # fmt: skip
    """Check the files below each URI: {storages}.

    Point each URI at the folder that contains the category folders. The check only lists and reads files.
    """
    if report_schema:
        click.echo(orjson.dumps(json.schema(), option=orjson.OPT_INDENT_2))
        return
    _check_arguments(uris, engine, scheduler, quarantine)
    gc.enable()
    wanted = report_files.wanted(report, RENDERERS)
    roots = tuple(map(as_text, uris))
    with _ending_on_signals():
        chosen = _engine(engine, scheduler, jobs or processors())
        done = _check(roots, access, edition, first, chosen, quarantine, allow_empty=allow_empty)
        with _reporting_print_errors():
            terminal.show(done, console(err=as_json))
            if as_json:
                click.echo(json.render(done), nl=False)
        report_files.write(wanted, lambda kind: RENDERERS[kind](done))
    for kind, path in wanted:
        click.echo(f"{kind} report: {path}", err=True)
    for root in done.missing:
        click.echo(f"traits-sandbox: nothing checked below {printable(root.root)}: {why_unchecked(root)}", err=True)
    sys.exit(done.exit_code)


def _check_arguments(uris: tuple[str, ...], engine: str, scheduler: str, quarantine: Path | None) -> None:
    if not uris:
        raise UsageError(f"give at least one URI: {STORAGES}")
    if scheduler and engine != "dask":
        raise UsageError("--scheduler can only be used with --engine dask")
    if scheduler and quarantine:
        raise UsageError("--quarantine needs workers on this machine, so it cannot be used with --scheduler")


def _check(
    uris: tuple[str, ...], access: Access, edition: str, first: int, engine: Engine, folder: Path | None,
    *, allow_empty: bool,
) -> LoadReport:  # fmt: skip
    quarantine = Quarantine(folder, uris) if folder else None
    with quarantine or nullcontext(), progress(console(err=True)) as show:
        return check_load(
            uris,
            load(edition),
            engine,
            access=access,
            keep=first,
            on_progress=show,
            quarantine=quarantine,
            allow_empty=allow_empty,
        )


def _engine(name: str, scheduler: str, jobs: int) -> Engine:
    if name == "local":
        return LocalEngine(jobs, warn=lambda text: click.echo(f"warning: {text}", err=True))
    from traits_sandbox.bulk.checking.cluster import DaskEngine

    return DaskEngine(scheduler, jobs)


@contextmanager
def _reporting_print_errors() -> Iterator[None]:
    """Turn an error of stdout or stderr into a UsageError, except a closed pipe, which click ends quietly."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_pending_output()
        raise UsageError(f"the report cannot be printed: {error.strerror or error}") from None


class _SignalReceived(BaseException):
    """A signal asks the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = SIGNALLED + number


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Handle Ctrl-C and SIGTERM while the block runs.

    On such a signal, clean up child processes and incomplete files, print one line to stderr, and exit with 128 +
    signal number.
    """
    before = _raise_on_signals() if threading.current_thread() is threading.main_thread() else {}
    try:
        yield
    except _SignalReceived as received:
        click.echo("traits-sandbox: interrupted; the check has no result", err=True)
        sys.exit(received.exit_code)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _raise_on_signals() -> dict[signal.Signals, Any]:
    """Raise on the first signal and ignore the next ones, which must not disturb the clean-up; return old handlers."""
    handled = [each for each in ending_signals() if signal.getsignal(each) is not signal.SIG_IGN]

    def end(number: int, _: FrameType | None) -> None:
        for each in handled:
            signal.signal(each, signal.SIG_IGN)
        raise _SignalReceived(number)

    return {each: signal.signal(each, end) for each in handled}
