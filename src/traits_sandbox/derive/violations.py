"""Violations that are reported although the request as a whole succeeds: all are counted, the first are kept."""

from collections.abc import Iterable
from typing import Final

from traits_sandbox.errors import Violation

MAX_VIOLATIONS: Final = 1000


class KeptViolations:
    """The violations of many rows or events: `count` of them, of which the first MAX_VIOLATIONS are kept."""

    def __init__(self) -> None:
        self._kept: list[Violation] = []
        self.count = 0

    @property
    def kept(self) -> tuple[Violation, ...]:
        """Return the first violations, in the order in which they were found."""
        return tuple(self._kept)

    def add(self, violations: Iterable[Violation]) -> None:
        """Count the violations of one more row or event."""
        for violation in violations:
            self.count += 1
            if len(self._kept) < MAX_VIOLATIONS:
                self._kept.append(violation)
