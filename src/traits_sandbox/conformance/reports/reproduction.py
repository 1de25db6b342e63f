"""How to reproduce a result: a line for curl, or the command that replays a case. Neither has the key."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import httpx

from traits_sandbox.conformance.http.exchange import Pairs, Request
from traits_sandbox.conformance.http.keys import as_shell, marked
from traits_sandbox.conformance.judging.report import Report

PASTED: Final = 2048
"""The longest body, as written for a shell, that a command includes."""

_COMMAND: Final = "traits-sandbox conformance replay"
_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})
# Percent-encodes any text in every shell, because a key may contain a plus sign.
_ENCODED: Final = "$(printf %s \"{}\" | od -An -v -tx1 | tr -d ' \\n' | sed 's/../%&/g')"


@dataclass(frozen=True, slots=True)
class Reproduction:
    """How to reach a target: its base URL, a file of certificates to trust, and the options that a replay needs."""

    base_url: str
    ca_file: str = ""
    options: tuple[str, ...] = ()

    @classmethod
    def to(cls, report: Report) -> "Reproduction":
        """Return how to reach the target of a report, from the facts in the report."""
        about = report.about
        return cls(about.target, "", ("--seed", str(about.seed)) if about.seed else ())

    def replay(self, case: str) -> str:
        """Return the command that runs one case again."""
        ca_file = ("--ca-file", self.ca_file) if self.ca_file else ()
        return f"{_COMMAND} {shlex.join((case, '--base-url', self.base_url, *ca_file, *self.options))}"

    def curl(self, request: Request, body_file: str = "") -> str:
        """Return a line that sends a request again; empty if its body is too long for a line and not in a file."""
        source, data = _body(request, body_file)
        if len(source) + sum(map(len, data)) > PASTED:
            return ""
        target = self._target(request)
        options = [*_method(request), *_literal(str(target)), *self._trust(target), *_headers(request), *data]
        return source + " ".join(["curl", *options, _url(target, request.query)])

    def _trust(self, target: httpx.URL) -> list[str]:
        return ["--cacert", shlex.quote(self.ca_file)] if self.ca_file and target.scheme == "https" else []

    def _target(self, request: Request) -> httpx.URL:
        """Return the URL of a request, as the kit sends it."""
        base = httpx.URL(self.base_url)
        base = base.copy_with(scheme="http") if request.plain else base
        return httpx.URL(str(base).rstrip("/") + request.path)


def _method(request: Request) -> list[str]:
    if request.method == "HEAD":
        return ["-I"]
    usual = "POST" if _data(request) is not None else "GET"
    return ["-i"] if request.method == usual else ["-i", "-X", shlex.quote(request.method)]


def _literal(url: str) -> list[str]:
    """Return options that keep curl from interpreting brackets and dots in a URL."""
    brackets = ["-g"] if re.search(r"[\[\]{}]", url) else []
    return brackets + (["--path-as-is"] if re.search(r"/(\.|%2e)", url, re.IGNORECASE) else [])


def _headers(request: Request) -> list[str]:
    return [part for header in _header_lines(request) for part in ("-H", _quoted(header))]


def _header_lines(request: Request) -> Iterator[str]:
    """Yield headers in curl's notation: `Name;` sends a header without a value, `Name:` does not send the header."""
    for name, value in request.headers:
        yield f"{name}: {value}" if value else f"{name};"
    if _data(request) is not None and all(name.lower() != "content-type" for name, _ in request.headers):
        yield "Content-Type:"
    if request.chunked and request.body is not None:
        yield "Transfer-Encoding: chunked"


def _data(request: Request) -> bytes | None:
    """Return the body for curl; an empty one if HTTP requires a length of 0."""
    return b"" if request.body is None and request.method in _WITH_LENGTH else request.body


def _body(request: Request, body_file: str) -> tuple[str, list[str]]:
    """Return the part of the line before curl, and its options for the body."""
    body = _data(request)
    if body is None:
        return "", []
    if body_file:
        return "", ["--data-binary", shlex.quote(f"@{body_file}")]
    text = _text(body)
    if text is not None:
        return "", ["--data-binary", shlex.quote(text)]
    return f"printf %b {shlex.quote(_escaped(body))} | ", ["--data-binary", "@-"]


def _text(body: bytes) -> str | None:
    """Return a body as text if a shell can have it unchanged, else None."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() and not text.startswith("@") else None


_ESCAPES: Final = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x5C: "\\\\"}


def _escaped(body: bytes) -> str:
    """Return bytes in the notation of `printf %b`."""
    return "".join(_ESCAPES.get(each) or (chr(each) if 32 <= each < 127 else f"\\0{each:03o}") for each in body)


def _url(target: httpx.URL, query: Pairs) -> str:
    """Return a URL as one word of a shell."""
    if not any(marked(value) for _, value in query):
        return shlex.quote(str(target) + ("?" + str(httpx.QueryParams(query)) if query else ""))
    parameters = "&".join(f"{quote(name, safe='')}={_value(value)}" for name, value in query)
    return f'"{_within_quotes(str(target))}?{parameters}"'


def _value(value: str) -> str:
    return _ENCODED.format(as_shell(_within_quotes(value))) if marked(value) else quote(value, safe="")


def _quoted(text: str) -> str:
    """Return a text as one word of a shell, which replaces markers of the key."""
    return f'"{as_shell(_within_quotes(text))}"' if marked(text) else shlex.quote(text)


def _within_quotes(text: str) -> str:
    return re.sub(r'["\\$`]', r"\\\g<0>", text)
