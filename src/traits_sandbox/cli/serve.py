"""`traits-sandbox serve`: runs a sandbox, and tells people and programs its URL."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
import orjson

from traits_sandbox.cli.exit_codes import lists_exit_codes
from traits_sandbox.cli.ready_file import ready_file, remove_stale
from traits_sandbox.cli.streams import is_absent
from traits_sandbox.contract.model import Contract
from traits_sandbox.reporting.colours import wants_colours
from traits_sandbox.reporting.writer import LineWriter
from traits_sandbox.running import certificate
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.settings import Settings, options
from traits_sandbox.system import os_reason
from traits_sandbox.web.listening import bind, url_of
from traits_sandbox.web.server import run
from traits_sandbox.web.tls import TlsFiles


@click.command()
@options
@lists_exit_codes("serve")
def serve(settings: Settings) -> None:
    """Run the sandbox until SIGTERM, SIGHUP or Ctrl-C.

    When the sandbox is ready for requests, it prints a line with READY and the base URL on standard output. It
    logs requests on standard error.
    """
    if settings.ready_file:
        remove_stale(settings.ready_file)
    with LineWriter(sys.stderr) as log_stream:
        sandbox = Sandbox(settings, log_stream=log_stream)
        with (
            certificate(settings) as tls,
            _printer(sandbox.log.write_line) as say,
            ready_file(settings.ready_file, sandbox.log.write_line) as write_ready_file,
            _bucket(sandbox) as start_watching,
        ):
            listeners = bind(settings.host, settings.port)
            url = url_of(listeners[0], secure=settings.secure)

            def ready() -> None:
                write_ready_file(url, settings.api_key[0], tls)
                say(f"READY {url}")
                if sys.stdout.isatty():
                    say(welcome(url, settings.api_key[0], sandbox.contract, tls))
                start_watching()

            run(
                sandbox.app,
                listeners,
                ready=ready,
                grace=settings.grace,
                receive_timeout=settings.receive_timeout,
                write_log=sandbox.log.write_line,
                report=sandbox.note_refused,
                tls=tls,
            )


@contextmanager
def _printer(log: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Yield a function that prints on stdout, or logs what cannot be printed; it never waits."""

    def lose(error: OSError, text: str) -> None:
        log(f"standard output cannot be written ({os_reason(error)}): {text.rstrip()}")

    if is_absent(sys.stdout):
        yield log
        return
    with LineWriter(sys.stdout, on_error=lose) as out:
        coloured = wants_colours(sys.stdout)
        yield lambda text: out.write(f"{text if coloured else click.unstyle(text)}\n")


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
