"""The contract: one edition of the vendor's document as frozen values.

`contract.json` has exactly this form, so loading it is one strict decode. A value that the document
states has a `source`. A value that an erratum sets has none; `Contract.errata` lists the errata.
"""

from typing import Any, Literal

import msgspec

OperationEffect = Literal["read", "append", "destroy"]
FieldType = Literal["string", "int", "float", "Timestamp", "list"]
FieldFormat = Literal["", "date", "country", "language"]
Role = Literal["", "user", "mention", "timestamp", "registered"]


class FrozenStruct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The base of every contract value.

    Instances are immutable, take keyword arguments only, and refuse unknown names when decoded.
    """


class SourceLocation(FrozenStruct, frozen=True, kw_only=True):
    """A place in the document: the heading of the section and the line, counted from 1."""

    section: str
    line: int


class Field(FrozenStruct, frozen=True, kw_only=True):
    """One row of a field table, or one property of an example if the document has no table.

    `type` is the word that the document uses. For a list, `item` is the heading of the record that
    describes its elements. The attributes from `format` on are set by errata. `aliases` maps each
    accepted spelling to the stored one.
    """

    name: str
    type: FieldType
    required: bool
    description: str = ""
    source: SourceLocation | None = None
    item: str = ""
    format: FieldFormat = ""
    min_length: int | None = None
    max_length: int | None = None
    minimum: int | float | None = None
    exclusive_minimum: int | float | None = None
    maximum: int | float | None = None
    exclusive_maximum: int | float | None = None
    allowed: tuple[str, ...] = ()
    may_be_empty: bool = False
    aliases: dict[str, str] = {}
    role: Role = ""


class Record(FrozenStruct, frozen=True, kw_only=True):
    """A table of fields and its heading.

    A record with a `key` replaces an earlier one that has the same value in this field. With
    `attributes`, a record may have any other property too, with text as its value.
    """

    heading: str
    kind: str
    fields: tuple[Field, ...]
    description: str = ""
    source: SourceLocation | None = None
    key: str = ""
    attributes: bool = False

    def field_of(self, role: Role) -> Field | None:
        """Return the first field with this role, or None if there is none."""
        return next((field for field in self.fields if field.role == role), None)


class Parameter(FrozenStruct, frozen=True, kw_only=True):
    """A path or query parameter; `placeholder` is how the document writes it, such as `:persona`."""

    name: str
    placeholder: str
    description: str = ""


class RequestBody(FrozenStruct, frozen=True, kw_only=True):
    """The body of a request, in one of three forms.

    It is a JSON object with a list of `record` values under the key `collection`, a JSON object with
    these `fields`, or a multipart form with a file in `part`.
    """

    media_type: str
    collection: str = ""
    record: str = ""
    fields: tuple[Field, ...] = ()
    part: str = ""
    example: Any = None


class Response(FrozenStruct, frozen=True, kw_only=True):
    """A documented reply.

    `message` has `{count}` where the example shows a number of records. If the document has no
    `example`, the reply's `data` is null.
    """

    status: int
    message: str
    example: Any = None


class Dialect(FrozenStruct, frozen=True, kw_only=True):
    """One accepted form of a CSV upload, recognised by the columns of its header.

    Each row becomes one `record`. If the form has `metrics`, each non-empty cell in one of these columns
    becomes a record: `name_field` holds the column's name, `value_field` the cell's number. `renames`
    maps column names to field names.
    """

    name: str
    record: str
    metrics: tuple[str, ...] = ()
    name_field: str = ""
    value_field: str = ""
    renames: dict[str, str] = {}


class EventRule(FrozenStruct, frozen=True, kw_only=True):
    """How one webhook event becomes a record.

    `fields` maps a field of the record to the dotted path of a value in the event, which is copied.
    `transform` names the function that computes the other fields. `inputs` maps the names of its
    parameters to dotted paths in the event, `outputs` the names of its results to fields of the record.
    """

    event: str
    record: str
    transform: str = "copy"
    fields: dict[str, str] = {}
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}


class Webhook(FrozenStruct, frozen=True, kw_only=True):
    """How the events of another vendor are read.

    `events` is the mapping table; the first rule that fits an event is applied. `names` maps each value
    that every event has to the dotted paths where it can be; the first path with a value is used. The
    properties in `envelope` describe the delivery, not the event. Properties in `dropped`, and those
    with an ending in `dropped_suffixes`, are removed on arrival.
    """

    events: tuple[EventRule, ...]
    names: dict[str, tuple[str, ...]]
    envelope: tuple[str, ...]
    player_types: tuple[str, ...]
    level_statistics: tuple[str, ...]
    dropped: tuple[str, ...]
    dropped_suffixes: tuple[str, ...]


class Operation(FrozenStruct, frozen=True, kw_only=True):
    """One endpoint.

    `behaviour` selects the handler. `roles` maps the handler's names for values to the document's names.
    """

    id: str
    title: str
    method: str
    path: str
    description: str = ""
    notices: tuple[str, ...] = ()
    source: SourceLocation | None = None
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
        """Return method and path; errata refer to the operation by this text."""
        return f"{self.method} {self.path}"


class Example(FrozenStruct, frozen=True, kw_only=True):
    """A JSON example; `title` is the sentence that introduces it in the document."""

    value: Any
    title: str = ""
    source: SourceLocation | None = None


class Category(FrozenStruct, frozen=True, kw_only=True):
    """One data category of object storage: its root folder and the record that its rows contain."""

    folder: str
    title: str
    record: str = ""
    description: str = ""
    source: SourceLocation | None = None
    examples: tuple[Example, ...] = ()


class ErrorReply(FrozenStruct, frozen=True, kw_only=True):
    """One row of the errors table."""

    status: int
    message: str
    description: str = ""


class Variable(FrozenStruct, frozen=True, kw_only=True):
    """A variable of the vendor's Postman collection."""

    name: str
    description: str = ""


class Server(FrozenStruct, frozen=True, kw_only=True):
    """A base URL in the document; `name` is the heading above it."""

    name: str
    url: str


class Erratum(FrozenStruct, frozen=True, kw_only=True):
    """A correction of the document, or an assumption if `assumed`.

    `what` is the decision, `why` its reason, `where` the place that the document leaves open or gets wrong.
    """

    id: str
    what: str
    why: str
    where: str
    assumed: bool


class LenientRoute(FrozenStruct, frozen=True, kw_only=True):
    """A method and path that are not in the document; lenient mode handles them as the `operation`."""

    method: str
    path: str
    operation: str


class Leniency(FrozenStruct, frozen=True, kw_only=True):
    """What lenient mode accepts that the document does not have.

    `names` maps old property names to the present ones.
    """

    names: dict[str, str] = {}
    routes: tuple[LenientRoute, ...] = ()


class Contract(FrozenStruct, frozen=True, kw_only=True):
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
        """Return the record with this heading.

        Raises:
            KeyError: the contract has no such record.

        """
        for record in self.records:
            if record.heading == heading:
                return record
        raise KeyError(heading)
