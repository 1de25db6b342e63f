"""What was refused of a request that succeeds all the same."""

from collections.abc import Iterable

from traits_sandbox.derive.validation import MAX_VIOLATIONS
from traits_sandbox.errors import Violation


class Verdicts:
    """Violations of rows or events: all are counted, the first MAX_VIOLATIONS kept."""

    def __init__(self) -> None:
        self._kept: list[Violation] = []
        self.count = 0

    @property
    def kept(self) -> tuple[Violation, ...]:
        """Return the violations that were kept, in the order in which they were found."""
        return tuple(self._kept)

    def add(self, violations: Iterable[Violation]) -> None:
        """Take in what is wrong with one more row or event."""
        for violation in violations:
            self.count += 1
            if len(self._kept) < MAX_VIOLATIONS:
                self._kept.append(violation)
