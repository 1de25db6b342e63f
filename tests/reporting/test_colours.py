"""One place decides about colours: NO_COLOR, FORCE_COLOR, TERM=dumb and terminals."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bulk.loading import purchase, put
from tests.patience import PATIENCE
from traits_sandbox.reporting.colours import wants_colours

ESCAPE = b"\x1b"


class Terminal:
    def isatty(self) -> bool:
        return True


class File:
    def isatty(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("environment", "on_a_terminal", "elsewhere"),
    [
        ({"TERM": "xterm-256color"}, True, False),
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "unknown"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": "0"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "3", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_the_environment_decides(environment: dict[str, str], on_a_terminal: bool, elsewhere: bool) -> None:
    assert wants_colours(Terminal(), environment) is on_a_terminal
    assert wants_colours(File(), environment) is elsewhere


def printed(arguments: list[str], environment: dict[str, str], *, terminal: bool) -> bytes:
    """Return what a command prints on both streams, on a terminal or in a pipe."""
    command = [sys.executable, "-m", "traits_sandbox", *arguments]
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    if not terminal:
        done = subprocess.run(
            command,
            env=env | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=True,
        )
        return done.stdout
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=env | environment, stdout=theirs, stderr=theirs, stdin=theirs):
        os.close(theirs)
        text = b""
        while piece := read(ours):
            text += piece
    os.close(ours)
    return text


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the program has ended
        return b""


@pytest.mark.parametrize(
    ("environment", "terminal", "coloured"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "xterm", "FORCE_COLOR": "1"}, False, True),
    ],
)
def test_progress_and_reports_obey_it(
    environment: dict[str, str], terminal: bool, coloured: bool, tmp_path: Path
) -> None:
    put(tmp_path, "purchases/d=1/x.ndjson", [purchase(1)])
    text = printed(["bulk", "check", str(tmp_path), "--jobs", "1"], environment, terminal=terminal)
    assert b"purchases" in text
    assert (ESCAPE in text) is coloured
