"""Finds the differences between two editions of the document that a client can notice.

Each contract is flattened into facts. A fact that only one edition has was added or removed; a fact with
two different values was changed. The fact's rule decides whether that breaks clients. Text, order, servers
and error replies are not compared.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

from traits_sandbox.contract.model import Category, Contract, Field, FrozenStruct, Operation, Record, RequestBody
from traits_sandbox.contract.operations import tail
from traits_sandbox.contract.shapes import json_type

BreakingRule = Callable[[str | None, str | None], bool]
"""Returns whether a change breaks clients, given the fact's values before and after (None if absent)."""


class Change(FrozenStruct, frozen=True, kw_only=True):
    """One difference between two editions; `what` names the fact, such as `field Purchase.price type`."""

    kind: Literal["added", "removed", "changed"]
    what: str
    before: str | None
    after: str | None
    breaks: bool


class _Fact(FrozenStruct, frozen=True, kw_only=True):
    """One fact of a document. Its change is not reported if the `parent` fact was added or removed."""

    what: str
    value: str
    rule: BreakingRule
    parent: str = ""


def diff(a: Contract, b: Contract) -> list[Change]:
    """Return the changes from `a` to `b` in the order of `a`, with additions last."""
    labels = _labels(a.operations, b.operations)
    before = {fact.what: fact for fact in _contract(a, labels)}
    after = {fact.what: fact for fact in _contract(b, labels)}
    changes = (_change(before.get(what), after.get(what)) for what in {**before, **after})
    found = {change.what: change for change in changes if change}
    whole = {what for what, change in found.items() if change.kind != "changed"}
    parents = {what: {**before, **after}[what].parent for what in found}
    return [change for what, change in found.items() if parents[what] not in whole]


def _change(a: _Fact | None, b: _Fact | None) -> Change | None:
    fact = a or b
    if not fact or (a and b and a.value == b.value):
        return None
    before, after = a.value if a else None, b.value if b else None
    kind: Literal["added", "removed", "changed"] = "added" if not a else "removed" if not b else "changed"
    return Change(kind=kind, what=fact.what, before=before, after=after, breaks=fact.rule(before, after))


def _relied_on(before: str | None, _after: str | None) -> bool:
    """Clients rely on the fact: any change but an addition breaks them."""
    return before is not None


def _demanded(_before: str | None, _after: str | None) -> bool:
    """Clients must send the value: any change breaks them, even an addition."""
    return True


def _field(_before: str | None, after: str | None) -> bool:
    return after is None or after == "required"


def _limit(before: str | None, after: str | None) -> bool:
    return after is not None and (before is None or int(after) < int(before))


def _path(before: str | None, after: str | None) -> bool:
    # Clients never send the name of a path parameter.
    return re.sub(r"{\w+}", "{}", before or "") != re.sub(r"{\w+}", "{}", after or "")


def _labels(a: tuple[Operation, ...], b: tuple[Operation, ...]) -> dict[str, str]:
    """Return a label for each operation; an operation whose path changed keeps its label from `a`."""
    labels = {each.key: each.key for each in a}
    gone = [each for each in a if each.key not in {other.key for other in b}]
    for new in b:
        moved = next((old for old in gone if tail(old.path) == tail(new.path)), None)
        if new.key not in labels and moved:
            labels[new.key] = moved.key
            gone.remove(moved)
    return labels


def _contract(contract: Contract, labels: dict[str, str]) -> Iterator[_Fact]:
    if contract.max_records is not None:
        yield _Fact(what="limit of records", value=str(contract.max_records), rule=_limit)
    for operation in contract.operations:
        yield from _operation(operation, f"operation {labels.get(operation.key, operation.key)}")
    for record in contract.records:
        yield from _record(record)
    for category in contract.categories:
        yield from _category(category)


def _operation(operation: Operation, label: str) -> Iterator[_Fact]:
    yield _Fact(what=label, value="", rule=_relied_on)
    yield _Fact(what=f"{label} method", value=operation.method, rule=_relied_on, parent=label)
    yield _Fact(what=f"{label} path", value=operation.path, rule=_path, parent=label)
    for parameter in operation.query_parameters:
        yield _Fact(what=f"{label} query parameter {parameter.name}", value="", rule=_demanded, parent=label)
    if operation.key_parameter:
        yield _Fact(what=f"{label} key parameter", value=operation.key_parameter, rule=_demanded, parent=label)
    if operation.body:
        yield from _body(operation.body, label)
    if operation.response:
        status = str(operation.response.status)
        yield _Fact(what=f"{label} response status", value=status, rule=_relied_on, parent=label)
        yield from _shape([operation.response.example], f"{label} response example", label)


def _body(body: RequestBody, parent: str) -> Iterator[_Fact]:
    label = f"{parent} body"
    yield _Fact(what=label, value=body.media_type, rule=_demanded, parent=parent)
    for name in ("collection", "record", "part"):
        if value := getattr(body, name):
            yield _Fact(what=f"{label} {name}", value=value, rule=_demanded, parent=label)
    for field in body.fields:
        yield from _field_facts(field, f"{label} field {field.name}", label)
    if body.example is not None:
        yield from _shape([body.example], f"{parent} request example", label)


def _record(record: Record) -> Iterator[_Fact]:
    label = f"record {record.heading}"
    yield _Fact(what=label, value="", rule=_relied_on)
    for field in record.fields:
        yield from _field_facts(field, f"field {record.heading}.{field.name}", label)


def _field_facts(field: Field, label: str, parent: str) -> Iterator[_Fact]:
    yield _Fact(what=label, value="required" if field.required else "optional", rule=_field, parent=parent)
    kind = f"list<{field.item}>" if field.item else field.type
    yield _Fact(what=f"{label} type", value=kind, rule=_relied_on, parent=label)
    for value in field.allowed:
        yield _Fact(what=f"{label} value {value}", value="", rule=_relied_on, parent=label)


def _category(category: Category) -> Iterator[_Fact]:
    label = f"folder {category.folder}"
    yield _Fact(what=label, value="", rule=_relied_on)
    if category.record:
        yield _Fact(what=f"{label} record", value=category.record, rule=_relied_on, parent=label)
    yield from _shape([example.value for example in category.examples], f"{label} example", label)


def _shape(examples: list[Any], label: str, parent: str, *, path: str = "") -> Iterator[_Fact]:
    """Flatten examples of the same value into one fact for each path: the JSON types found there."""
    what = f"{label} {path}".rstrip()
    if examples:
        types = " or ".join(sorted(set(map(json_type, examples))))
        yield _Fact(what=what, value=types, rule=_relied_on, parent=parent)
    objects = [each for each in examples if isinstance(each, dict)]
    for name in dict.fromkeys(name for each in objects for name in each):
        inner = [each[name] for each in objects if name in each]
        yield from _shape(inner, label, what, path=f"{path}.{name}".lstrip("."))
    items = [item for each in examples if isinstance(each, list) for item in each]
    if items:
        yield from _shape(items, label, what, path=f"{path}[]")
