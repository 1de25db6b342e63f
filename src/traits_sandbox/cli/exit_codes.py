"""The exit codes of all commands. The help of each command ends with its row of the table."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

SUCCESS: Final = 0
FAILED: Final = 1
NOT_RUN: Final = 2
UNREACHABLE: Final = 3
INCONCLUSIVE: Final = 3
BUG: Final = 4

# As in shells: 128 plus the number of the signal.
SIGNALLED: Final = 128
INTERRUPTED: Final = SIGNALLED + 2
PIPE_CLOSED: Final = SIGNALLED + 13
TERMINATED: Final = SIGNALLED + 15

_COULD_NOT_RUN: Final = "could not run; the reason is one line on standard error"
_BUG: Final = "a bug in traits-sandbox: no result; please report what standard error shows"
_VERDICTS: Final = {
    SUCCESS: "conformant",
    FAILED: "not conformant: at least one failure is proven",
    NOT_RUN: f"{_COULD_NOT_RUN}, and nothing was sent",
    INCONCLUSIVE: "inconclusive: no answer, a rejected key, or not enough time",
    BUG: "the kit itself failed: no result; run again with --debug and report it",
    INTERRUPTED: "ended by Ctrl-C",
}

_OWN_CODES: Final[Mapping[str, Mapping[int, str]]] = {
    "serve": {SUCCESS: "ended by a signal", NOT_RUN: _COULD_NOT_RUN},
    "contract build": {SUCCESS: "all files are written", NOT_RUN: _COULD_NOT_RUN},
    "contract check": {
        SUCCESS: "all generated files are up to date",
        FAILED: "some are stale, missing or unexpected",
        NOT_RUN: _COULD_NOT_RUN,
    },
    "contract show": {SUCCESS: "the contract is printed", NOT_RUN: _COULD_NOT_RUN},
    "contract diff": {
        SUCCESS: "no change breaks clients",
        FAILED: "at least one change breaks clients",
        NOT_RUN: _COULD_NOT_RUN,
    },
    "conformance": _VERDICTS,
    "conformance replay": _VERDICTS,
    "conformance list": {SUCCESS: "the list is printed", NOT_RUN: _COULD_NOT_RUN},
    "bulk check": {
        SUCCESS: "all rows are valid; notices never fail a check",
        FAILED: "bad rows, or files that cannot be read",
        NOT_RUN: "could not run, or nothing was checked below a URI; the reason is on standard error",
        UNREACHABLE: "the storage cannot be reached",
        INTERRUPTED: "ended by Ctrl-C",
        TERMINATED: "ended by SIGTERM",
    },
    "bulk watch": {
        SUCCESS: "ended by a signal; with --once: all rows are ingested",
        FAILED: "with --once: rows were refused, or files cannot be read or are still changing",
        NOT_RUN: "could not run, or with --once: there is no file to ingest; the reason is on standard error",
        UNREACHABLE: "with --once: the storage or the sandbox cannot be reached",
    },
}

EXIT_CODES: Final[Mapping[str, Mapping[int, str]]] = {
    command: dict(sorted({BUG: _BUG, **codes}.items())) for command, codes in _OWN_CODES.items()
}
"""The exit codes of each command with their meaning.

Every command can also end with PIPE_CLOSED, if the reader of its output has gone.
"""


def lists_exit_codes(command: str, **words: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds the exit codes of a command to the docstring of its function.

    `words` replace their names in braces in the docstring.
    It must be the innermost decorator: click takes the help text from the docstring.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        # `\b` keeps click from joining the lines of the list.
        lines = ["\b", "Exit codes:", *(f"  {code:<5}{meaning}" for code, meaning in EXIT_CODES[command].items())]
        text = inspect.cleandoc(function.__doc__ or "")
        for name, word in words.items():
            text = text.replace(f"{{{name}}}", word)
        function.__doc__ = f"{text}\n\n" + "\n".join(lines)
        return function

    return decorate
