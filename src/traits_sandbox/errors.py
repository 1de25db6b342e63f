"""All errors that this package raises on purpose.

TraitsSandboxError
├── UsageError            the user can correct it; exit code 2
│   ├── DocumentError     a construct of the document that the compiler does not know
│   └── ErrataError       an erratum that does not fit the document
└── ApiError              an answer of the emulated API other than success
    ├── BadRequest        400
    ├── Unauthorized      401
    ├── NotFound          404
    ├── ServerFault       500, a bug of ours
    └── MachineFault      503, an error of this machine
"""

from enum import StrEnum
from typing import ClassVar, Final

import msgspec


class TraitsSandboxError(Exception):
    """The root of all errors of this package."""


class UsageError(TraitsSandboxError):
    """A request of the user cannot be done; the message is one sentence with the next step."""


class DocumentError(UsageError):
    """The document has a construct that the compiler does not know."""

    def __init__(self, file: str, line: int, construct: str) -> None:
        super().__init__(f"{file}:{line}: {construct}")
        self.line = line


class ErrataError(UsageError):
    """An erratum names something that the document does not have, or sets an attribute that cannot be set."""


class Rule(StrEnum):
    """The rule that a violation breaks: a JSON Schema keyword, or our own rule for what no schema can say."""

    TYPE = "type"
    REQUIRED = "required"
    MIN_ITEMS = "minItems"
    MAX_ITEMS = "maxItems"
    JSON = "json"
    CSV = "csv"
    HEADER = "header"
    CONTENT = "content"
    SIZE = "size"
    DEPTH = "depth"
    QUERY = "query"
    PERSONA = "persona"
    CONTENT_TYPE = "content-type"
    CONTENT_ENCODING = "content-encoding"
    MULTIPART = "multipart"
    FAULT = "fault"


ROW: Final = "row"


class Violation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One way in which a value breaks the contract, with its place.

    `field` is the place within the record (`price`, `params[0].value`), empty for the record as a whole; outside
    records it names the body, a query parameter or a header. `rule` is a JSON Schema keyword or a Rule. `message` is
    the rest of a sentence that begins with the field's name. `value` is a short piece of the value as JSON, empty if
    there is none.

    A record of a JSON body has `collection` (the list's name), `record` (its index) and `pointer` (a JSON pointer into
    the body). A row of a file has `line` (from 1; rows in Parquet) and, in plain NDJSON, `offset` (the byte at which
    the line begins).
    """

    field: str
    rule: str
    message: str
    value: str = ""
    pointer: str = ""
    collection: str = ""
    record: int | None = None
    line: int | None = None
    offset: int | None = None

    @property
    def name(self) -> str:
        """Return the name of what is wrong: the field, else the list of the record, else the row."""
        return self.field or self.collection or ROW

    @property
    def key(self) -> str:
        """Return the field of the record, without the place within it, or the key of the body."""
        return self.name.partition("[")[0].partition(".")[0]

    @property
    def where(self) -> str:
        """Return the place as people write it: `purchases[3].price`, `line 7: price`, `events[3]: price`."""
        if self.line is not None:
            place, separator = f"line {self.line}", ": "
        elif self.record is not None:
            place, separator = f"{self.collection}[{self.record}]", "." if self.pointer else ": "
        else:
            return self.field
        return f"{place}{separator}{self.field}" if self.field else place

    @property
    def sentence(self) -> str:
        """Return the violation as a sentence without its place: `price must be a positive number (got -1)`."""
        return f"{self.name} {self.message}" + (f" (got {self.value})" if self.value else "")

    def __str__(self) -> str:
        got = f", got {self.value}" if self.value else ""
        return f"{self.where}: {self.message}{got}"


class ApiError(TraitsSandboxError):
    """An answer other than success. `status` selects the documented message, `reason` is the name of its cause."""

    status: ClassVar[int]

    def __init__(self, hint: str = "", *, reason: str = "") -> None:
        super().__init__(hint)
        self.hint = hint
        self.reason = reason
        self.violations: tuple[Violation, ...] = ()
        self.violation_count = 0


class BadRequest(ApiError):
    """The request breaks the contract; `violations` has at least one, those of the first record first."""

    status = 400

    def __init__(self, violations: tuple[Violation, ...], *, count: int | None = None, hint: str = "") -> None:
        super().__init__(hint)
        self.violations = violations
        self.violation_count = len(violations) if count is None else count


class Unauthorized(ApiError):
    """There is no key, or the key opens no dashboard."""

    status = 401


class NotFound(ApiError):
    """There is no such path, method, segment or persona."""

    status = 404


class ServerFault(ApiError):
    """A bug in this package; never an error of the client."""

    status = 500


class MachineFault(ApiError):
    """An error of this machine, such as a full disk; never one of the client or of this package."""

    status = 503
