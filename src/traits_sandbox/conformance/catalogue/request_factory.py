"""Makes valid requests of every operation, with this run's own ids."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import quote

import orjson

from traits_sandbox.conformance.catalogue.values import in_bounds
from traits_sandbox.conformance.http.exchange import BEARER, JSON, KEY, Pairs, Request
from traits_sandbox.conformance.http.keys import NEAR
from traits_sandbox.contract.model import Contract, Dialect, Field, Operation, Record
from traits_sandbox.derive.examples import csv_example, event_example, record_examples, user_example
from traits_sandbox.derive.formats import FORMATS
from traits_sandbox.json_types import JsonObject

BOUNDARY = "tsc-boundary-7d1f"
FILE_NAME = "2019-09-23.csv"

_NUMBERS: dict[str, tuple[float, ...]] = {"int": (1, 0, 100, -1), "float": (1.5, 0.5, 100.5, -0.5)}
"""Values for fields without an example: the first one within the bounds of the field is sent."""


@dataclass(frozen=True, slots=True)
class RequestFactory:
    """Makes requests from a contract, with ids of this run. The same seed makes the same requests.

    Every id of the run begins with `prefix`, which is the only difference between two runs with the same seed.
    `known_user` is the id of a user who already exists on the target; empty for none. `near_keys` has the names of the
    key's variants that differ from the key.
    """

    contract: Contract
    prefix: str
    seed: int = 0
    known_user: str = ""
    near_keys: tuple[str, ...] = NEAR

    def random(self, name: str) -> Random:
        """Return a separate source of random values for each name."""
        return Random(f"{self.seed}/{name}")  # noqa: S311 - to repeat a run, not to hide anything

    def id(self, name: str) -> str:
        """Return an id of this run."""
        return f"{self.prefix}{name}"

    def operation(self, operation_id: str) -> Operation:
        """Return an operation; raises KeyError if the contract has none of this id."""
        for operation in self.contract.operations:
            if operation.id == operation_id:
                return operation
        raise KeyError(operation_id)

    def having(self, behaviour: str) -> list[Operation]:
        """Return the operations of a behaviour."""
        return [each for each in self.contract.operations if each.behaviour == behaviour]

    def the(self, behaviour: str) -> Operation:
        """Return the first operation of a behaviour.

        Conversations that need one operation of each behaviour use it. Requirements for every operation test all.
        """
        return self.having(behaviour)[0]

    @property
    def pushes(self) -> list[Operation]:
        """Return the operations that accept a list of records."""
        return self.having("push")

    def record_of(self, operation: Operation) -> Record:
        """Return the record of a push."""
        assert operation.body is not None
        return self.contract.record(operation.body.record)

    def row(self, record: Record, user: str = "u", **changes: Any) -> JsonObject:
        """Return a valid record with every field: the document's example, about a user of this run.

        A change to `...` leaves the field out.
        """
        example = next((each for each in record_examples(self.contract, record) if isinstance(each, dict)), {})
        row = {field.name: self.valid(record, field, example) for field in record.fields}
        row |= self._ids(record, user) | changes
        return {name: value for name, value in row.items() if value is not ...}

    def examples(self, operation: Operation, user: str = "u") -> list[JsonObject]:
        """Return every record that the document shows for a push, with ids of this run."""
        record = self.record_of(operation)
        shown = [each for each in record_examples(self.contract, record) if isinstance(each, dict)]
        ids = self._ids(record, user)
        mine = [each | {name: own for name, own in ids.items() if name in each} for each in shown]
        return [each for number, each in enumerate(mine) if each not in mine[:number]]

    def _ids(self, record: Record, user: str) -> JsonObject:
        """Return the fields of a record that are ids, each with an id of this run."""
        names = {"user": user, "mention": f"{user}-friend"}
        ids = {field.name: self.id(names[field.role]) for field in record.fields if field.role in names}
        return ids | ({record.key: self.id(f"{user}-item")} if record.key else {})

    def valid(self, record: Record, field: Field, example: JsonObject | None = None) -> Any:
        """Return a valid value for a field: the one from the document's example, else any value of its type."""
        examples = [example] if example else list(record_examples(self.contract, record))
        for each in examples:
            if field.name in each:
                return copy.deepcopy(each[field.name])
        if field.item:
            return [self.row(self.contract.record(field.item))]
        if field.allowed:
            return field.allowed[0]
        if field.format:
            return FORMATS[field.format].example
        if field.type in _NUMBERS:
            bounds = [each for each in (field.minimum, field.maximum) if each is not None]
            return next(in_bounds(field, *_NUMBERS[field.type], *bounds))
        return "2019-01-01 15:04:05" if field.type == "Timestamp" else field.name

    def push(self, operation: Operation, rows: Sequence[Any], **more: Any) -> Request:
        """Return a push of some rows."""
        assert operation.body is not None
        return self.json(operation, {operation.body.collection: list(rows)}, **more)

    def rows(self, operation: Operation, count: int, user: str = "u") -> list[JsonObject]:
        """Return this many valid rows about one user."""
        row = self.row(self.record_of(operation), user)
        return [row] * count

    def various(self, operation: Operation, count: int, user: str = "u") -> list[JsonObject]:
        """Return this many valid rows about one user, which differ in their keys or in their timestamps."""
        record = self.record_of(operation)
        row, stamp = self.row(record, user), record.field_of("timestamp")
        if record.key:
            return [row | {record.key: self.id(f"{user}-{number}-item")} for number in range(count)]
        if stamp is None:
            return [row] * count
        begin = datetime.fromisoformat(row[stamp.name])
        return [row | {stamp.name: str(begin + timedelta(seconds=number))} for number in range(count)]

    def json(self, operation: Operation, value: Any, **more: Any) -> Request:
        """Return a request with a JSON body."""
        return self.raw(operation, orjson.dumps(value), **more)

    def raw(self, operation: Operation, body: bytes | None, *, headers: Pairs = (BEARER, JSON), **more: Any) -> Request:
        """Return a request that sends `body` unchanged. `segment` and `persona` replace the parameters of the path."""
        path, query = self._address(operation, more)
        return Request(operation.method, path, query, headers, body, operation.id, **more)

    def _address(self, operation: Operation, more: dict[str, Any]) -> tuple[str, Pairs]:
        named = {
            operation.roles.get("segment", "segment_id"): more.pop("segment", operation.roles.get("default_segment")),
            operation.roles.get("persona", "persona"): more.pop("persona", operation.roles.get("all_personas")),
        }
        path = operation.path
        for name, value in named.items():
            path = path.replace("{" + name + "}", quote(str(value), safe=""))
        query: Pairs = more.pop("query", ())
        if operation.key_parameter and not query:
            query = ((operation.key_parameter, KEY),)
        return path, query

    def documented(self, operation: Operation, user: str = "u") -> Request:
        """Return the request that the document shows for an operation, about a user of this run."""
        return _DOCUMENTED[operation.behaviour](self, operation, user)

    def introduce(self, *users: str) -> Request:
        """Return a push with a record for each of some users of this run, so that the server knows them."""
        operation = next(each for each in self.pushes if self.record_of(each).field_of("user"))
        record = self.record_of(operation)
        return self.push(operation, [self.row(record, user) for user in users])

    def status(self, user_id: str, operation: Operation | None = None, **more: Any) -> Request:
        """Return a request for the assessment status of a user; `user_id` is sent unchanged."""
        operation = operation or self.the("assessment_status")
        return self.raw(operation, None, headers=(BEARER,), query=((operation.roles["user"], user_id),), **more)

    def users(self, persona: str | None = None, segment: str | None = None) -> Request:
        """Return a request for the users of a persona; by default of all personas of the default segment."""
        return self.persona(self.the("persona_users"), persona, segment)

    def traits(self, persona: str | None = None, segment: str | None = None) -> Request:
        """Return a request for the traits of a persona; by default of all personas of the default segment."""
        return self.persona(self.the("persona_traits"), persona, segment)

    def persona(self, operation: Operation, persona: str | None = None, segment: str | None = None) -> Request:
        """Return a request for a persona; by default for all personas of the default segment."""
        roles = operation.roles
        return self.raw(
            operation,
            None,
            persona=roles["all_personas"] if persona is None else persona,
            segment=roles["default_segment"] if segment is None else segment,
        )

    def remove(self, user_id: str, operation: Operation | None = None) -> Request:
        """Return a request that deletes a user; `user_id` is sent unchanged."""
        operation = operation or self.the("remove_user")
        return self.json(operation, {operation.roles["user"]: user_id})

    def upload(
        self, operation: Operation, content: bytes, *, part: str | None = None, name: str = FILE_NAME
    ) -> Request:
        """Return a request that uploads a file as one multipart part."""
        assert operation.body is not None
        return self.raw(operation, multipart(content, part or operation.body.part, name), headers=(BEARER, MULTIPART))

    def csv(self, operation: Operation, user: str = "u", dialect: Dialect | None = None) -> bytes:
        """Return a valid file for an upload, about a user of this run; by default in the first dialect."""
        text = csv_example(self.contract, dialect or operation.dialects[0])
        return text.replace(user_example(self.contract), self.id(user)).encode()

    def event(self, name: str = "", operation: Operation | None = None, **more: Any) -> JsonObject:
        """Return an event for the webhook, about a user of this run."""
        webhook = (operation or self.the("webhook")).webhook
        assert webhook is not None
        event = event_example(self.contract, webhook)
        entity = webhook.names["entity"][0]
        return event | {entity: self.id("u")} | ({webhook.names["name"][0]: name} if name else {}) | more


MULTIPART = ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")


def multipart(content: bytes, part: str, name: str) -> bytes:
    """Return a multipart body with one file. The boundary is fixed, so that the same seed sends the same bytes."""
    disposition = f'Content-Disposition: form-data; name="{part}"; filename="{name}"'
    head = f"--{BOUNDARY}\r\n{disposition}\r\nContent-Type: text/csv\r\n\r\n"
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


_DOCUMENTED: dict[str, Callable[[RequestFactory, Operation, str], Request]] = {
    "push": lambda made, operation, user: made.push(operation, [made.row(made.record_of(operation), user)]),
    "upload": lambda made, operation, user: made.upload(operation, made.csv(operation, user)),
    "webhook": lambda made, operation, _: made.json(operation, made.event(operation=operation), headers=(JSON,)),
    "assessment_status": lambda made, operation, user: made.status(made.known_user or made.id(user), operation),
    "remove_user": lambda made, operation, user: made.remove(made.id(user), operation),
    "persona_users": lambda made, operation, _: made.persona(operation),
    "persona_traits": lambda made, operation, _: made.persona(operation),
}
