"""The contract: one edition of the vendor's document as frozen values.

`contract.json` is exactly this model, so loading it is one strict decode. Values that stand in the
document come with their `Source`; values that an erratum settled have no source of their own, and the
erratum is listed in `Contract.errata`.
"""

from typing import Any, Literal

import msgspec

OperationEffect = Literal["read", "append", "destroy"]
FieldType = Literal["string", "int", "float", "Timestamp", "list"]
TextRule = Literal["", "date", "country", "language"]
Role = Literal["", "user", "mention", "timestamp", "registered"]


class ContractValue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The base of every contract value: immutable, by keyword, strict about unknown names."""


class DocumentSource(ContractValue, frozen=True, kw_only=True):
    """Where the document says something: its heading and the 1-based line."""

    section: str
    line: int


class Field(ContractValue, frozen=True, kw_only=True):
    """One row of a field table, or one property inferred from an example where there is no table.

    `type` is the document's word; `item` names the record of a list's elements. Everything from `format`
    on is settled by errata. `aliases` maps spellings that are accepted to the one that is stored.
    """

    name: str
    type: FieldType
    required: bool
    description: str = ""
    source: DocumentSource | None = None
    item: str = ""
    format: TextRule = ""
    min_length: int | None = None
    minimum: int | float | None = None
    exclusive_minimum: int | float | None = None
    allowed: tuple[str, ...] = ()
    may_be_empty: bool = False
    aliases: dict[str, str] = {}
    role: Role = ""


class Record(ContractValue, frozen=True, kw_only=True):
    """A table of fields under its heading. `key` names the field by which a later record replaces an earlier one.

    `attributes`: further properties of any name are part of the record, and their values are text.
    """

    heading: str
    kind: str
    fields: tuple[Field, ...]
    description: str = ""
    source: DocumentSource | None = None
    key: str = ""
    attributes: bool = False

    def field_of(self, role: Role) -> Field | None:
        """Return the first field with this role, if the record has one."""
        return next((field for field in self.fields if field.role == role), None)


class Parameter(ContractValue, frozen=True, kw_only=True):
    """A path or query parameter; `placeholder` is its spelling in the document, such as `:persona`."""

    name: str
    placeholder: str
    description: str = ""


class RequestBody(ContractValue, frozen=True, kw_only=True):
    """What a request carries.

    Exactly one of: a `collection` of `record` values in JSON, plain `fields` in JSON, or a multipart `part`.
    """

    media_type: str
    collection: str = ""
    record: str = ""
    fields: tuple[Field, ...] = ()
    part: str = ""
    example: Any = None


class Response(ContractValue, frozen=True, kw_only=True):
    """A documented reply. `message` has `{count}` where the example shows a number of records.

    Without an `example` in the document, `data` is null.
    """

    status: int
    message: str
    example: Any = None


class Dialect(ContractValue, frozen=True, kw_only=True):
    """One accepted header of a CSV upload, recognised by its columns.

    Each row makes one `record`. `metrics` are columns of which each non-empty cell becomes a record of its
    own, its name in `name_field` and its number in `value_field`. `renames` maps column names to fields.
    """

    name: str
    record: str
    metrics: tuple[str, ...] = ()
    name_field: str = ""
    value_field: str = ""
    renames: dict[str, str] = {}


class EventRule(ContractValue, frozen=True, kw_only=True):
    """How one webhook event becomes a record.

    `fields` maps a record's field to the dotted path of the event that fills it. `transform` names the way
    in which the rest is worked out: from the event's `inputs` (its word to a dotted path) into the record's
    `outputs` (its word to a field).
    """

    event: str
    record: str
    transform: str = "copy"
    fields: dict[str, str] = {}
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}


class Webhook(ContractValue, frozen=True, kw_only=True):
    """How foreign events are read: envelope names, what is dropped, and the mapping table in order.

    `names` maps what we need of an event to the dotted paths where it may stand, first found wins.
    """

    events: tuple[EventRule, ...]
    names: dict[str, tuple[str, ...]]
    envelope: tuple[str, ...]
    player_types: tuple[str, ...]
    level_statistics: tuple[str, ...]
    dropped: tuple[str, ...]
    dropped_suffixes: tuple[str, ...]


class Operation(ContractValue, frozen=True, kw_only=True):
    """One endpoint. `behaviour` selects the handler; `roles` tells it the document's names for what it needs."""

    id: str
    title: str
    method: str
    path: str
    description: str = ""
    notices: tuple[str, ...] = ()
    source: DocumentSource | None = None
    behaviour: str = ""
    effect: OperationEffect = "read"
    roles: dict[str, str] = {}
    path_parameters: tuple[Parameter, ...] = ()
    query_parameters: tuple[Parameter, ...] = ()
    key_parameter: str = ""
    body: RequestBody | None = None
    response: Response | None = None
    dialects: tuple[Dialect, ...] = ()
    webhook: Webhook | None = None
    curl: str = ""

    @property
    def key(self) -> str:
        """Return what an erratum addresses the operation by: method and path."""
        return f"{self.method} {self.path}"


class Example(ContractValue, frozen=True, kw_only=True):
    """A JSON example with the sentence that introduces it."""

    value: Any
    title: str = ""
    source: DocumentSource | None = None


class Category(ContractValue, frozen=True, kw_only=True):
    """One data category of the object storage channel: its root folder and the record its rows hold."""

    folder: str
    title: str
    record: str = ""
    description: str = ""
    source: DocumentSource | None = None
    examples: tuple[Example, ...] = ()


class ErrorReply(ContractValue, frozen=True, kw_only=True):
    """One row of the errors table."""

    status: int
    message: str
    description: str = ""


class Variable(ContractValue, frozen=True, kw_only=True):
    """A variable of the vendor's Postman collection."""

    name: str
    description: str = ""


class Server(ContractValue, frozen=True, kw_only=True):
    """A base URL of the document, under the name of its heading."""

    name: str
    url: str


class Erratum(ContractValue, frozen=True, kw_only=True):
    """A correction or an assumption: what was settled, why, and where the document says it or is silent."""

    id: str
    what: str
    why: str
    where: str
    assumed: bool


class LenientRoute(ContractValue, frozen=True, kw_only=True):
    """A method and path that lenient mode answers as an operation, though the document does not have it."""

    method: str
    path: str
    operation: str


class Leniency(ContractValue, frozen=True, kw_only=True):
    """What lenient mode accepts beyond the document: old names for present ones, and further routes."""

    names: dict[str, str] = {}
    routes: tuple[LenientRoute, ...] = ()


class Contract(ContractValue, frozen=True, kw_only=True):
    """One edition of the vendor's document, with its errata applied."""

    edition: str
    title: str
    description: str = ""
    servers: tuple[Server, ...] = ()
    variables: tuple[Variable, ...] = ()
    min_records: int = 0
    max_records: int | None = None
    records: tuple[Record, ...] = ()
    operations: tuple[Operation, ...] = ()
    categories: tuple[Category, ...] = ()
    storages: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    errors: tuple[ErrorReply, ...] = ()
    error_examples: tuple[Example, ...] = ()
    leniency: Leniency = Leniency()
    errata: tuple[Erratum, ...] = ()

    def record(self, heading: str) -> Record:
        """Return the record under this heading; raises KeyError if the contract has none."""
        for record in self.records:
            if record.heading == heading:
                return record
        raise KeyError(heading)
