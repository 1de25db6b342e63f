"""Decides whether an output has colours. The log, the progress and all reports ask this module."""

import os
from collections.abc import Mapping
from typing import Final, Protocol

_NO: Final = ("0", "false", "no")


class Stream(Protocol):
    """A stream that knows whether it is a terminal."""

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""


def wants_colours(stream: Stream, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether text for this stream may have escape codes.

    NO_COLOR wins over FORCE_COLOR, which wins over TERM=dumb. An empty variable counts as absent. FORCE_COLOR=0 turns
    colours off.
    """
    force = environment.get("FORCE_COLOR", "").lower()
    if environment.get("NO_COLOR") or force in _NO:
        return False
    return bool(force) or (stream.isatty() and not is_dumb(environment))


def is_dumb(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the terminal understands no escape codes."""
    return environment.get("TERM", "").lower() in ("dumb", "unknown")
