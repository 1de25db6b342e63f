"""Gives generated data the ids of the run, so that the run can remove it.

An id is any text that is not empty, so another id leaves a valid body valid and an invalid body invalid. The ids are
replaced when a request is sent. They are not restricted in the schema, because Schemathesis would then expect that the
server refuses every other id.
"""

import json
import re
from typing import Any
from zlib import crc32

from traits_sandbox.contract.model import Contract, Operation, Record
from traits_sandbox.json_types import JsonObject

# The largest number of users: removing each one is a request.
USERS = 40
ITEM = "-item"


class Naming:
    """The ids of one run."""

    def __init__(self, contract: Contract, prefix: str) -> None:
        self._contract, self._prefix = contract, prefix
        self._own = re.compile(re.escape(prefix.encode()) + rb"[a-z0-9-]+")

    def id(self, original: str) -> str:
        """Return the run's id in place of another id, always the same one."""
        return f"{self._prefix}x{crc32(original.encode(errors='replace')) % USERS}"

    def found(self, body: bytes) -> set[str]:
        """Return the run's ids in a body."""
        return {found.decode() for found in self._own.findall(body)}

    def named(self, operation: Operation, body: bytes) -> bytes:
        """Return a body with the run's ids in place of all others."""
        value = _parsed(body)
        rows = [row for row in self._rows(operation, value) or () if isinstance(row, dict)]
        changed = [self._name(operation, row) for row in rows]
        return json.dumps(value).encode() if any(changed) else body

    def complete(self, operation: Operation, body: bytes) -> bool:
        """Return whether all data that a body may create has an id of the run."""
        if operation.body and operation.body.part:
            return bool(self.found(body))
        rows = self._rows(operation, _parsed(body))
        return rows is not None and all(self._is_own(operation, row) for row in rows)

    def _name(self, operation: Operation, row: JsonObject) -> bool:
        users, keys = self._users(operation), self._keys(operation)
        if operation.webhook:
            # An event may contain any member, so one more does not change its kind.
            row.setdefault(users[0], self.id(""))
        named = {name: self.id(row[name]) for name in users if _is_id(row.get(name))}
        named |= {name: self.id(row[name]) + ITEM for name in keys if _is_id(row.get(name))}
        row.update(named)
        return bool(named)

    def _is_own(self, operation: Operation, row: Any) -> bool:
        if not isinstance(row, dict):
            # A webhook ignores what is not an event. What a server does with a row that is not a record is unknown.
            return operation.webhook is not None
        names = {*self._users(operation), *self._keys(operation)} & row.keys()
        return bool(names) and all(str(row[name]).startswith(self._prefix) for name in names)

    def _rows(self, operation: Operation, value: Any) -> list[Any] | None:
        """Return the records of a push, or the events of a webhook; None if there is no list of them."""
        if operation.webhook:
            return value if isinstance(value, list) else [value]
        rows = value.get(operation.body.collection) if operation.body and isinstance(value, dict) else None
        return rows if isinstance(rows, list) else None

    def _users(self, operation: Operation) -> list[str]:
        if operation.webhook:
            return [*operation.webhook.names["entity"], *operation.webhook.names["player"]]
        record = self._record(operation)
        return [each.name for each in record.fields if each.role in ("user", "mention")] if record else []

    def _keys(self, operation: Operation) -> list[str]:
        record = self._record(operation)
        return [record.key] if record and record.key else []

    def _record(self, operation: Operation) -> Record | None:
        return self._contract.record(operation.body.record) if operation.body and operation.body.record else None


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _parsed(body: bytes) -> Any:
    """Return a parsed body; None if it cannot be parsed. Numbers become `float` or `int`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
