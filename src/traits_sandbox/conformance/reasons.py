"""Reasons why something was not judged, as values. `reports/reasons.py` makes sentences from them."""

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Self


class ReasonKind(StrEnum):
    """The kinds of reasons. The comment after a kind has the names of its values."""

    # A case is not sent.
    NOT_APPLICABLE = auto()
    CASE_NOT_ALLOWED = auto()  # reach
    REQUEST_NOT_ALLOWED = auto()  # method, path, reach, allowed
    PATH_NOT_ALLOWED = auto()  # method, path
    NOT_SENT = auto()  # and the cause
    HUNG = auto()  # operation, times

    # A limit of the run is reached.
    REQUESTS_USED = auto()  # limit
    REQUESTS_RESERVED = auto()  # limit
    TIME_OVER = auto()  # limit

    # A case has no reply that can be judged.
    NO_REPLY = auto()  # problem, detail
    ANSWERED = auto()  # status
    NO_DATA = auto()  # status
    NO_LIST_OF_USERS = auto()  # status
    NOBODY_LISTED = auto()
    NO_KNOWN_USER = auto()  # status
    SURVEY_REFUSED = auto()  # status
    SURVEY_NOT_SHOWN = auto()
    DELETION_REFUSED = auto()  # status
    DELETION_PENDING = auto()  # status
    DELETION_NOT_SHOWN = auto()
    OLD_TLS_NOT_TESTABLE = auto()

    # A failure is expected.
    DEVIATION = auto()  # text, until

    # Nothing can be judged at all.
    LIMITS_TOO_SMALL = auto()  # and the cause
    NO_ANSWER = auto()  # problem, detail
    KEY_REFUSED = auto()
    ALL_UNKNOWN = auto()  # path

    # Exploration ended early.
    RUN_CANCELLED = auto()
    OTHER_EXPLORATION = auto()
    EXPLORATION_PROBLEM = auto()  # text

    # Something keeps a run without failures from proving conformance.
    NO_CASE_APPLIES = auto()
    NO_CASE_JUDGED = auto()
    NEVER_SUCCEEDED = auto()  # operation
    REQUIREMENT_NOT_SENT = auto()  # requirements, and the causes
    REQUIREMENT_NOT_JUDGED = auto()  # requirements, and the causes


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason with its values by name, and the reasons behind it."""

    kind: ReasonKind
    values: tuple[tuple[str, str], ...] = ()
    causes: tuple["Reason", ...] = ()

    @classmethod
    def of(cls, kind: ReasonKind, *causes: "Reason", **values: object) -> Self:
        """Return a reason; values are kept as text."""
        return cls(kind, tuple((name, str(value)) for name, value in values.items()), causes)

    def __getitem__(self, name: str) -> str:
        return dict(self.values)[name]

    def has(self, *kinds: ReasonKind) -> bool:
        """Return whether this reason, or one behind it, is of one of some kinds."""
        return self.kind in kinds or any(cause.has(*kinds) for cause in self.causes)


class Unanswered(Exception):
    """There is no reply to judge: the server sent none, or it failed, which HTTP-002 reports."""

    def __init__(self, kind: ReasonKind, **values: object) -> None:
        self.reason = Reason.of(kind, **values)
        super().__init__(self.reason)


class OverBudget(Exception):
    """A limit of the run is reached: the number of requests, or the time."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Vetoed(Exception):
    """A request must not be sent."""

    def __init__(self, kind: ReasonKind, **values: object) -> None:
        self.reason = Reason.of(kind, **values)
        super().__init__(self.reason)
