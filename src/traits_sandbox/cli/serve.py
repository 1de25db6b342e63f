"""`traits-sandbox serve`: a sandbox on a socket, and how people and programs learn where it is."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click
import orjson

from traits_sandbox.contract.model import Contract
from traits_sandbox.errors import UsageError
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.settings import Settings, options
from traits_sandbox.system import create_private, remove
from traits_sandbox.web.server import bind, run, url_of
from traits_sandbox.web.tls import TlsFiles, given_certificate, server_certificate


@click.command()
@options
def serve(settings: Settings) -> None:
    """Run the sandbox until SIGTERM or Ctrl-C.

    One line on standard output begins with READY and the base URL as soon as requests are served; requests
    are logged on standard error.

    \b
    Exit codes:
      0  ended by a signal
      2  could not start; the reason is one line on stderr
    """
    sandbox = Sandbox(settings)
    with (
        _certificate(settings) as tls,
        _ready_file(settings.ready_file, sandbox.log.say) as announce,
        _bucket(sandbox) as watch,
    ):
        listener = bind(settings.host, settings.port)
        url = url_of(listener, secure=settings.secure)

        def ready() -> None:
            announce(url, settings.api_key[0], tls)
            print(f"READY {url}", flush=True)
            if sys.stdout.isatty():
                click.echo(welcome(url, settings.api_key[0], sandbox.contract, tls))
            watch()

        run(
            sandbox.app,
            listener,
            ready=ready,
            grace=settings.grace,
            receive_timeout=settings.receive_timeout,
            say=sandbox.log.say,
            tls=tls,
        )


def welcome(url: str, key: str, contract: Contract, tls: TlsFiles | None) -> str:
    """Return the first words to a person at a terminal: where, with which key, and a line to paste."""
    ca = f" --cacert {tls.ca_file}" if tls and tls.ca_file else ""
    rows = [
        ("Base URL", url),
        ("API key", f"{key}  ({key}/NAME opens a separate dashboard)"),
        ("Health", f"{url}/_sandbox/health"),
    ]
    lines = [f"  {click.style(name.ljust(8), bold=True)}  {text}" for name, text in rows]
    examples = [
        (o, o.body, orjson.dumps(o.body.example).decode())
        for o in contract.operations
        if o.body and o.behaviour == "push"
    ]
    if examples:
        operation, body, content = min(examples, key=lambda example: len(example[2]))
        lines += [
            "",
            f"  curl{ca} -H 'Authorization: Bearer {key}' -H 'Content-Type: {body.media_type}' \\",
            f"    -d '{content}' \\",
            f"    {url}{operation.path}",
        ]
    note = f"Unofficial; emulates edition {contract.edition} of the reference. Ctrl-C ends it."
    return "\n".join(["", *lines, "", f"  {click.style(note, dim=True)}", ""])


@contextmanager
def _certificate(settings: Settings) -> Iterator[TlsFiles | None]:
    if settings.tls_cert and settings.tls_key:
        yield given_certificate(settings.tls_cert, settings.tls_key)
        return
    hosts = (settings.host, *settings.allow_host)
    with server_certificate(hosts) if settings.tls else nullcontext() as files:
        yield files


@contextmanager
def _ready_file(path: Path | None, say: Callable[[str], None]) -> Iterator[Any]:
    """Yield a writer for the ready file; remove the file before start and on exit, so a stale one is never read."""

    def announce(url: str, key: str, tls: TlsFiles | None) -> None:
        if path:
            content = {"url": url, "api_key": key, "pid": os.getpid()}
            _write_atomically(path, content | ({"ca_file": str(tls.ca_file)} if tls and tls.ca_file else {}))

    if path:
        _make_way(path)
    try:
        yield announce
    finally:
        if path:
            _remove_at_end(path, say)


@contextmanager
def _bucket(sandbox: Sandbox) -> Iterator[Callable[[], None]]:
    """Lend what begins to watch --bucket, if it was given; called in the loop that the sandbox runs in."""
    if sandbox.settings.bucket is None:
        yield lambda: None
        return
    from traits_sandbox.cli.serve_bucket import BucketWatch

    watch = BucketWatch(sandbox, sandbox.settings.bucket)
    try:
        yield watch.begin
    finally:
        watch.end()


def _make_way(path: Path) -> None:
    """Remove an earlier run's file, and learn now whether this run's can be written."""
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write the ready file {path}: its folder is missing or read-only")
    try:
        remove(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def _remove_at_end(path: Path, say: Callable[[str], None]) -> None:
    try:
        remove(path)
    except OSError as error:
        say(f"the ready file {path} could not be removed: {error.strerror or error}")


def _write_atomically(path: Path, content: dict[str, Any]) -> None:
    """Write JSON that nobody else may read; a reader sees all of it or no file."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        remove(draft)
        create_private(draft, orjson.dumps(content))
        draft.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot write the ready file {path}: {error.strerror or error}")
