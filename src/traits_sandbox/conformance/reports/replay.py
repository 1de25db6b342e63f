"""Replays one case and shows all requests and replies."""

import re
from collections.abc import Callable
from pathlib import Path

from traits_sandbox.conformance.http.exchange import Exchange, Reply, Request
from traits_sandbox.conformance.judging.report import Report, Result
from traits_sandbox.conformance.reports.reasons import describe
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.words import readable, received
from traits_sandbox.errors import UsageError
from traits_sandbox.reporting.words import printable, printable_lines, size

BODY = 20_000
"""How many characters of a reply's body are shown."""

Say = Callable[[str], None]


def show_exchanges(result: Result, way: Reproduction, say: Say, bodies: Path | None) -> None:
    """Print every exchange of a case: the request as a line for curl, and the reply.

    `bodies` is a folder for request bodies, which the lines name then; without it, only the length of a long body is
    shown. The key must be masked in the result.
    """
    say(f"{result.id}  {printable_lines(result.title)}")
    for number, exchange in enumerate(result.exchanges, 1):
        file = _saved(exchange.request, bodies, f"{result.case}.{number}")
        say("")
        say(_sent(exchange.request, way, file))
        for line in _reply_lines(exchange):
            say(f"  {line}".rstrip())


def show_outcome(report: Report, say: Say) -> None:
    """Print the result for every requirement that did not pass."""
    for judged in report.judged:
        decides = judged.requirement.level in report.deciding
        silent = "" if decides else f"; {judged.requirement.level} decides nothing at profile {report.about.profile}"
        for result in judged.results:
            if result.outcome != "passed":
                say("")
                say(f"{result.outcome} {result.id}: {judged.requirement.statement}{silent}")
                say(f"  {printable_lines(_seen(result))}")


def _seen(result: Result) -> str:
    return f"expected {result.expected}; observed {result.observed}" if result.observed else describe(result.reason)


def _saved(request: Request, bodies: Path | None, name: str) -> str:
    if bodies is None or not request.body:
        return ""
    file = bodies / re.sub(r"[^\w.-]", "_", name)
    try:
        file.write_bytes(request.body)
    except OSError as error:
        raise UsageError(f"the body cannot be written: {error.strerror or error}: {file}") from error
    return str(file)


def _sent(request: Request, way: Reproduction, file: str) -> str:
    line = way.curl(request, file)
    unsaid = f"   # BODY is {size(len(request.body or b''))}; --bodies FOLDER writes it to a file"
    return line or way.curl(request, "BODY") + unsaid


def _reply_lines(exchange: Exchange) -> list[str]:
    reply = exchange.reply
    return [received(exchange), *(_reply(reply) if reply else ())]


def _reply(reply: Reply) -> list[str]:
    headers = [printable(f"{name}: {value}") for name, value in reply.headers]
    cut = ["(the kit does not read more)"] if reply.cut else []
    return [*headers, "", *readable(reply.body, BODY).split("\n"), *cut]
