"""`traits-sandbox serve`: runs a sandbox, and tells people and programs its URL."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import orjson

from traits_sandbox.cli.exit_codes import lists_exit_codes
from traits_sandbox.contract.model import Contract
from traits_sandbox.errors import UsageError
from traits_sandbox.running import certificate
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.settings import Settings, options
from traits_sandbox.system import create_private, remove
from traits_sandbox.web.server import bind, run, url_of
from traits_sandbox.web.tls import TlsFiles


@click.command()
@options
@lists_exit_codes("serve")
def serve(settings: Settings) -> None:
    """Run the sandbox until SIGTERM or Ctrl-C.

    When the sandbox is ready for requests, it prints a line with READY and the base URL on standard output. It
    logs requests on standard error.
    """
    sandbox = Sandbox(settings)
    with (
        certificate(settings) as tls,
        _ready_file(settings.ready_file, sandbox.log.write_line) as write_ready_file,
        _bucket(sandbox) as start_watching,
    ):
        listener = bind(settings.host, settings.port)
        url = url_of(listener, secure=settings.secure)

        def ready() -> None:
            write_ready_file(url, settings.api_key[0], tls)
            print(f"READY {url}", flush=True)
            if sys.stdout.isatty():
                click.echo(welcome(url, settings.api_key[0], sandbox.contract, tls))
            start_watching()

        run(
            sandbox.app,
            listener,
            ready=ready,
            grace=settings.grace,
            receive_timeout=settings.receive_timeout,
            write_log=sandbox.log.write_line,
            report=sandbox.note_refused,
            tls=tls,
        )


def welcome(url: str, key: str, contract: Contract, tls: TlsFiles | None) -> str:
    """Return the text for a terminal: base URL, API key, an example request and how to end the sandbox."""
    rows = [
        ("Base URL", url),
        ("API key", f"{key}  ({key}/NAME opens a separate dashboard)"),
        ("Health", f"{url}/_sandbox/health"),
    ]
    lines = [f"  {click.style(name.ljust(8), bold=True)}  {text}" for name, text in rows]
    note = f"Unofficial; emulates edition {contract.edition} of the reference. Press Ctrl-C to stop."
    example = _example_request(url, key, contract, tls)
    return "\n".join(["", *lines, *example, "", f"  {click.style(note, dim=True)}", ""])


def _example_request(url: str, key: str, contract: Contract, tls: TlsFiles | None) -> list[str]:
    """Return the lines of a curl command with the shortest example of a push; none if there is no push."""
    ca = f" --cacert {tls.ca_file}" if tls and tls.ca_file else ""
    examples = [
        (operation, operation.body, orjson.dumps(operation.body.example).decode())
        for operation in contract.operations
        if operation.body and operation.behaviour == "push"
    ]
    if not examples:
        return []
    operation, body, content = min(examples, key=lambda example: len(example[2]))
    return [
        "",
        f"  curl{ca} -H 'Authorization: Bearer {key}' -H 'Content-Type: {body.media_type}' \\",
        f"    -d '{content}' \\",
        f"    {url}{operation.path}",
    ]


@contextmanager
def _ready_file(path: Path | None, log: Callable[[str], None]) -> Iterator[Any]:
    """Yield a writer for the ready file; remove the file before start and on exit, so a stale one is never read."""

    def write(url: str, key: str, tls: TlsFiles | None) -> None:
        if path:
            content = {"url": url, "api_key": key, "pid": os.getpid()}
            _write_atomically(path, content | ({"ca_file": str(tls.ca_file)} if tls and tls.ca_file else {}))

    if path:
        _remove_stale(path)
    try:
        yield write
    finally:
        if path:
            _remove_on_exit(path, log)


@contextmanager
def _bucket(sandbox: Sandbox) -> Iterator[Callable[[], None]]:
    """Yield a function that starts watching --bucket, to be called in the event loop of the sandbox."""
    if sandbox.settings.bucket is None:
        yield lambda: None
        return
    from traits_sandbox.cli.serve_bucket import BucketWatch

    watch = BucketWatch(sandbox, sandbox.settings.bucket)
    try:
        yield watch.start
    finally:
        watch.stop()


def _remove_stale(path: Path) -> None:
    """Remove the file of an earlier run, and check that a new one can be written."""
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write the ready file {path}: its folder is missing or read-only")
    try:
        remove(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def _remove_on_exit(path: Path, log: Callable[[str], None]) -> None:
    try:
        remove(path)
    except OSError as error:
        log(f"the ready file {path} could not be removed: {error.strerror or error}")


def _write_atomically(path: Path, content: dict[str, Any]) -> None:
    """Write JSON that only its owner can read; a reader never sees an incomplete file."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        remove(draft)
        create_private(draft, orjson.dumps(content))
        draft.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot write the ready file {path}: {error.strerror or error}")
