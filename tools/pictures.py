"""The pictures of the documentation: the output of a running sandbox in a terminal, as SVG.

The output is real. Only times, durations, request ids and ports are replaced by fixed ones, because they differ from
run to run. A picture needs no other file, such as a font or a style sheet.
"""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

import httpx

KEY: Final = "sandbox-key"
TIMEOUT: Final = 60.0

# The size of one character, the margin and the height of the title bar, in pixels.
_WIDTH, _HEIGHT, _MARGIN, _BAR = 8, 19, 18, 34
_STYLES: Final = {"2": "dim", "31": "red", "32": "green", "33": "yellow"}
_SEQUENCE: Final = re.compile(r"\x1b\[([0-9;]*)m")
# Words separated by single spaces. SVG joins several spaces to one, so each such group gets its own position.
_WORDS: Final = re.compile(r"\S+(?: \S+)*")
_FIXED: Final = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:8012"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "10:24:07"),
    (re.compile(r"\b\d+\.\d ms\b"), "1.2 ms"),
    (re.compile(r"\b[0-9a-f]+-(\d+)(?=\x1b|$)"), r"5f7c-\1"),
)

_PURCHASE: Final = {"user_id": "1001", "item_id": "axe", "count": 1, "price": 25.5}
_BAD: Final = (
    {**_PURCHASE, "price": -1},
    {**_PURCHASE, "count": "2"},
    {"user_id": "1002", "count": 1, "price": 3, "timestamp": "2020-05-17T10:24:07Z"},
)
# Method, path, JSON body and additional headers of each request.
REQUESTS: Final[tuple[tuple[str, str, Any, Mapping[str, str]], ...]] = (
    ("POST", "/v1/purchases", {"purchases": [_PURCHASE] * 3}, {}),
    ("POST", "/v1/purchases", {"purchases": [{**_PURCHASE, "platfrom": "Steam"}]}, {}),
    ("POST", "/v1/purchases", {"purchases": _BAD}, {}),
    ("GET", "/v1/purchases", None, {}),
    ("POST", "/v1/purchases", {"purchases": [_PURCHASE]}, {"Sandbox-Fault": "status=503; retry-after=2"}),
)


def failing_push() -> bytes:
    """Return a picture of the log of `serve`: a successful push, and pushes that fail in different ways."""
    ready, log = _log_of(REQUESTS)
    lines = ["$ traits-sandbox serve", ready, *log.splitlines()]
    return terminal("traits-sandbox serve", [_fixed(line) for line in lines]).encode()


def terminal(title: str, lines: list[str]) -> str:
    """Return lines of text, with the escape sequences of their colours, as an SVG picture of a terminal."""
    plain = [_SEQUENCE.sub("", line) for line in lines]
    width = max(map(len, plain)) * _WIDTH + 2 * _MARGIN
    height = len(lines) * _HEIGHT + _BAR + _MARGIN
    rows = (_row(line, _BAR + _HEIGHT * (number + 1) - 5) for number, line in enumerate(lines))
    return _TEMPLATE.format(
        width=width, height=height, right=width - 1, bottom=height - 1, middle=width // 2, title=escape(title),
        rows="\n".join(rows),
    )  # fmt: skip


def _row(line: str, y: int) -> str:
    column, drawn = 0, []
    for style, text in _spans(line):
        named = f' class="{style}"' if style else ""
        for words in _WORDS.finditer(text):
            x, length = _MARGIN + (column + words.start()) * _WIDTH, len(words[0]) * _WIDTH
            drawn.append(f'<tspan x="{x}" textLength="{length}"{named}>{escape(words[0])}</tspan>')
        column += len(text)
    return f'<text y="{y}">{"".join(drawn)}</text>'


def _spans(line: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a line, each with the class of its style."""
    text, *rest = _SEQUENCE.split(line)
    yield "", text
    for code, part in zip(rest[::2], rest[1::2], strict=True):
        yield _STYLES.get(code, ""), part


def _fixed(line: str) -> str:
    for pattern, replacement in _FIXED:
        line = pattern.sub(replacement, line)
    return line


def _log_of(requests: tuple[tuple[str, str, Any, Mapping[str, str]], ...]) -> tuple[str, str]:
    """Return the READY line of a sandbox and its log of these requests, as printed to a terminal."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "traits_sandbox", "serve", "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRAITS_SANDBOX_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment, text=True) as process:
        os.close(theirs)
        assert process.stdout is not None
        ready = process.stdout.readline().strip()
        headers = {"Authorization": f"Bearer {KEY}"}
        with httpx.Client(base_url=ready.split()[1], headers=headers, trust_env=False, timeout=TIMEOUT) as client:
            for method, path, body, further in requests:
                client.request(method, path, json=body, headers=further)
        process.terminate()
        log = b"".join(_read(ours))
    os.close(ours)
    return ready, log.decode().replace("\r\n", "\n")


def _read(terminal: int) -> Iterator[bytes]:
    # Linux reports the end of a terminal as an error.
    with contextlib.suppress(OSError):
        while content := os.read(terminal, 65536):
            yield content


# The colours of a dark terminal, which can be read on a light page and on a dark one.
_TEMPLATE: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>{title}</title>
<style>
text {{ font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d8dee9 }}
.title {{ fill: #8b95a7; text-anchor: middle }}
.dim {{ fill: #9aa5b8 }}
.green {{ fill: #8fce7a }}
.yellow {{ fill: #f0c674 }}
.red {{ fill: #ff7b72 }}
</style>
<rect x="0.5" y="0.5" width="{right}" height="{bottom}" rx="9" fill="#1b2130" stroke="#4a5568"/>
<circle cx="20" cy="18" r="5.5" fill="#ff5f57"/>
<circle cx="38" cy="18" r="5.5" fill="#febc2e"/>
<circle cx="56" cy="18" r="5.5" fill="#28c840"/>
<text class="title" x="{middle}" y="22">{title}</text>
{rows}
</svg>
"""
