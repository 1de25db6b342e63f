"""A terminal that keeps what is written to it."""

import io


class TerminalText(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True
