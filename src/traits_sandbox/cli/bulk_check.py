"""`traits-sandbox bulk check`: judges files before the vendor reads them, and tells people and programs."""

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

from traits_sandbox.bulk.checking.engine import Engine, Local
from traits_sandbox.bulk.checking.quarantine import Quarantine
from traits_sandbox.bulk.checking.scan import check as check_load
from traits_sandbox.bulk.reports import RENDERERS, json, terminal
from traits_sandbox.bulk.reports.progress import progress
from traits_sandbox.bulk.storage.paths import as_text
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.bulk.values import LoadReport
from traits_sandbox.cli import report_files
from traits_sandbox.cli.bulk import storage_options
from traits_sandbox.cli.streams import console, drop_what_is_left
from traits_sandbox.contract.load import editions, load
from traits_sandbox.errors import UsageError
from traits_sandbox.system import ending_signals, processors


@click.command()
@click.argument("uris", nargs=-1, metavar="URI...")
@storage_options
@click.option(
    "--edition",
    type=click.Choice(editions()),
    default=editions()[-1],
    show_default=True,
    help="Edition of the vendor's document.",
)
@click.option(
    "--first",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="How many bad rows of a file the reports hold; all are counted.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    metavar="N",
    help="How many processes judge side by side.  [default: one for each processor]",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="What judges: processes of this machine, or a Dask cluster.",
)
@click.option(
    "--scheduler",
    default="",
    metavar="URL",
    help="The cluster's scheduler, such as tcp://host:8786; without it --engine dask starts workers here.",
)
@click.option(
    "--quarantine",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write all bad rows with the reasons to this new folder.",
)
@click.option(
    "--report",
    multiple=True,
    metavar="KIND=PATH",
    help="Write a report: json=PATH, junit=PATH or html=PATH. Repeatable, or with commas between.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the JSON report, and nothing else, on standard output.")
@click.option("--report-schema", is_flag=True, help="Print the JSON Schema of the JSON report, and check nothing.")
def check(
    uris: tuple[str, ...], *, access: Access, edition: str, first: int, jobs: int | None, engine: str,
    scheduler: str, quarantine: Path | None, report: tuple[str, ...], as_json: bool, report_schema: bool,
) -> None:  # fmt: skip
    """Check the files below each URI: a folder, file://, s3://bucket, gs://bucket or az://container.

    Each URI is what holds the category folders. Files are listed and read, and nothing else is done to them.

    \b
    Exit codes:
      0    every row keeps the contract; notices alone do no harm
      1    bad rows, or files that cannot be read
      2    it could not do what was asked
      3    the storage is out of reach
      130  ended by Ctrl-C
    """
    if report_schema:
        click.echo(orjson.dumps(json.schema(), option=orjson.OPT_INDENT_2))
        return
    if not uris:
        raise UsageError("name what to check: a folder, s3://bucket, gs://bucket or az://container")
    if scheduler and engine != "dask":
        raise UsageError("--scheduler goes with --engine dask")
    if scheduler and quarantine:
        raise UsageError("--quarantine needs workers of this machine; leave out --scheduler, or check without it")
    gc.enable()
    wanted = report_files.wanted(report, RENDERERS)
    roots = tuple(map(as_text, uris))
    with _ended_by_signals():
        done = _check(roots, access, edition, first, _engine(engine, scheduler, jobs or processors()), quarantine)
        with _printing():
            terminal.show(done, console(err=as_json))
            if as_json:
                click.echo(json.render(done), nl=False)
        report_files.write(wanted, lambda kind: RENDERERS[kind](done))
    for kind, path in wanted:
        click.echo(f"{kind} report: {path}", err=True)
    sys.exit(done.exit_code)


def _check(
    uris: tuple[str, ...], access: Access, edition: str, first: int, engine: Engine, folder: Path | None
) -> LoadReport:
    quarantine = Quarantine(folder, uris) if folder else None
    with quarantine or nullcontext(), progress(console(err=True)) as tell:
        return check_load(uris, load(edition), engine, access=access, keep=first, tell=tell, quarantine=quarantine)


def _engine(name: str, scheduler: str, jobs: int) -> Engine:
    if name == "local":
        return Local(jobs)
    from traits_sandbox.bulk.checking.cluster import Dask

    return Dask(scheduler, jobs)


@contextmanager
def _printing() -> Iterator[None]:
    """Tell in a sentence why a standard stream cannot be written; a reader that has gone has seen enough."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_what_is_left()
        raise UsageError(f"the report cannot be printed: {error.strerror or error}") from None


class _Ended(BaseException):
    """A signal asks for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End cleanly on Ctrl-C and SIGTERM: children gone, nothing left half-made, one sentence."""
    before = _listening() if threading.current_thread() is threading.main_thread() else {}
    try:
        yield
    except _Ended as ended:
        click.echo("traits-sandbox: interrupted; nothing was concluded", err=True)
        sys.exit(ended.exit_code)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _listening() -> dict[signal.Signals, Any]:
    """Have the signals that ask for the end raise it, once: what is asked again must not disturb the end."""
    asked = [each for each in ending_signals() if signal.getsignal(each) is not signal.SIG_IGN]

    def end(number: int, _: FrameType | None) -> None:
        for each in asked:
            signal.signal(each, signal.SIG_IGN)
        raise _Ended(number)

    return {each: signal.signal(each, end) for each in asked}
