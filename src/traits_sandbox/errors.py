"""Every error this package raises on purpose.

TraitsSandboxError
├── UsageError            the person at the command line can mend it; exit code 2
│   ├── DocumentError     a construct of the document that the compiler does not know
│   └── ErrataError       an erratum that does not fit the document
└── ApiError              an answer of the emulated API other than success
    ├── BadRequest        400
    ├── Unauthorized      401
    ├── NotFound          404
    └── ServerFault       500, a bug of ours
"""

from dataclasses import dataclass
from typing import ClassVar


class TraitsSandboxError(Exception):
    """The root of all errors of this package."""


class UsageError(TraitsSandboxError):
    """Something a person asked for cannot be done; the message is one sentence with the next step."""


class DocumentError(UsageError):
    """The document holds a construct that the compiler does not know."""

    def __init__(self, file: str, line: int, construct: str) -> None:
        super().__init__(f"{file}:{line}: {construct}")
        self.line = line


class ErrataError(UsageError):
    """An erratum names something that the document does not have, or sets what cannot be set."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a request breaks the contract.

    `where` is the place as people write it (`purchases[3].price`, `line 7: price`), `pointer` the same as a JSON
    pointer into the body (empty for the body itself and for CSV rows), `name` the place within its record,
    `rule` the JSON Schema keyword or our own word, `message` what is wrong as the rest of a sentence that begins
    with the name, `excerpt` a short piece of the value (empty when absent), `record` the index of the record.
    """

    pointer: str
    where: str
    name: str
    rule: str
    message: str
    excerpt: str = ""
    record: int | None = None

    @property
    def field(self) -> str:
        """Return the field of the record (or the key of the body) that the fault lies in."""
        return self.name.partition("[")[0].partition(".")[0]

    def __str__(self) -> str:
        got = f", got {self.excerpt}" if self.excerpt else ""
        return f"{self.where}: {self.message}{got}"


class ApiError(TraitsSandboxError):
    """An answer other than success. `status` selects the documented message."""

    status: ClassVar[int]

    def __init__(self, hint: str = "") -> None:
        super().__init__(hint)
        self.hint = hint
        self.violations: tuple[Violation, ...] = ()
        self.violation_count = 0


class BadRequest(ApiError):
    """The request breaks the contract; `violations` say where, at least one, the first record's first."""

    status = 400

    def __init__(self, violations: tuple[Violation, ...], *, count: int | None = None, hint: str = "") -> None:
        super().__init__(hint)
        self.violations = violations
        self.violation_count = len(violations) if count is None else count


class Unauthorized(ApiError):
    """No key, or one that opens no dashboard."""

    status = 401


class NotFound(ApiError):
    """No such path, method, segment or persona."""

    status = 404


class ServerFault(ApiError):
    """A bug in this package; never the client's fault."""

    status = 500
