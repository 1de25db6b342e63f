"""Contract mutants of operations, and of what is said for all of them."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from tests.conformance.mutants.facts import contract, the
from tests.conformance.mutants.mutant import Mutant, changed
from traits_sandbox.contract.model import Contract, Operation


class Operator(NamedTuple):
    """A way to change an operation: for which operations, into what, and which requirements find it."""

    name: str
    does: str
    kills: str
    applies: Callable[[Operation], object]
    change: Callable[[Operation], dict[str, Any]]


def any_operation(_: Operation) -> bool:
    return True


def to(**attributes: Any) -> Callable[[Operation], dict[str, Any]]:
    return lambda _: attributes


def _body(operation: Operation, **attributes: Any) -> dict[str, Any]:
    assert operation.body is not None
    return {"body": replace(operation.body, **attributes)}


def _listed(operation: Operation, name: str) -> dict[str, Any]:
    assert operation.body is not None
    (rows,) = operation.body.example.values()
    return _body(operation, collection=name, example={name: rows})


def _response(operation: Operation, **attributes: Any) -> dict[str, Any]:
    assert operation.response is not None
    return {"response": replace(operation.response, **attributes)}


def _status(status: int) -> Callable[[Operation], dict[str, Any]]:
    return lambda operation: _response(operation, status=status)


def _role(name: str, value: str) -> Callable[[Operation], dict[str, Any]]:
    return lambda operation: {"roles": operation.roles | {name: value}}


def _has_role(name: str) -> Callable[[Operation], object]:
    return lambda operation: name in operation.roles


def _answers(operation: Operation, *statuses: int) -> bool:
    return operation.response is not None and operation.response.status not in statuses


OPERATORS = (
    Operator("moved", "is at another path", "OP-001", any_operation, lambda o: {"path": f"{o.path}-x"}),
    Operator("next-version", "is at the path of another version", "OP-001", any_operation,
             lambda o: {"path": o.path.replace("/v1/", "/v2/")}),
    Operator("by-put", "is called by PUT", "OP-001", any_operation, to(method="PUT")),
    Operator("answers-200", "answers with 200", "ENV-008",
             lambda o: _answers(o, 200) and o.response.example, _status(200)),  # type: ignore[union-attr]
    Operator("answers-201", "answers with 201", "ENV-008",
             lambda o: _answers(o, 201) and o.response.example, _status(201)),  # type: ignore[union-attr]
    Operator("answers-202", "answers with 202", "ENV-008",
             lambda o: o.response and o.response.example, _status(202)),
    Operator("answers-302", "answers with a redirect", "OP-001", any_operation, _status(302)),
    Operator("answers-204", "answers with 204", "ENV-008",
             lambda o: o.response and o.response.example, _status(204)),
    Operator("says-nothing", "says nothing of what it did", "ENV-003",
             lambda o: o.behaviour == "push", lambda o: _response(o, message="")),
    Operator("counts-nothing", "does not say how many", "ENV-003", lambda o: o.behaviour == "push",
             lambda o: _response(o, message=o.response.message.replace("{count}", "0"))),  # type: ignore[union-attr]
    Operator("says-otherwise", "says it in other words", "ENV-003", lambda o: o.behaviour == "push",
             lambda o: _response(o, message="ok")),
    Operator("other-list", "takes its list under another name", "OP-001", lambda o: o.body and o.body.collection,
             lambda o: _listed(o, f"{o.body.collection}_x")),  # type: ignore[union-attr]
    Operator("list-of-records", "takes its list as `records`", "OP-001", lambda o: o.body and o.body.collection,
             lambda o: _listed(o, "records")),
    Operator("other-part", "takes its file under another name", "OP-001", lambda o: o.body and o.body.part,
             lambda o: _body(o, part="upload")),
    Operator("form-alone", "takes a form alone", "OP-001",
             lambda o: o.body and o.body.media_type == "application/json",
             lambda o: _body(o, media_type="application/x-www-form-urlencoded")),
    Operator("key-in-header-alone", "takes its key in the header alone", "HOOK-001 OP-001",
             lambda o: o.key_parameter, to(key_parameter="")),
    Operator("key-under-another-name", "takes its key under another name", "HOOK-001 OP-001",
             lambda o: o.key_parameter, to(key_parameter="key")),
    Operator("key-in-query-too", "takes its key in the query too", "AUTH-005", lambda o: not o.key_parameter
             and "{" not in o.path, to(key_parameter=the("webhook").key_parameter)),
    Operator("any-query", "needs no query", "STATE-011", lambda o: o.query_parameters,
             to(query_parameters=())),
    Operator("one-file-form-less", "knows no form of file but its last", "OP-001 CSV-001 CSV-003",
             lambda o: len(o.dialects) > 1, lambda o: {"dialects": o.dialects[1:]}),
    Operator("last-file-form-less", "knows no form of file but its first", "CSV-003 CSV-007",
             lambda o: len(o.dialects) > 1, lambda o: {"dialects": o.dialects[:-1]}),
    Operator("other-estimate", "returns its estimate under another name", "CSV-001", _has_role("estimate"),
             _role("estimate", "estimate")),
    Operator("other-ids", "lists the users under another name", "STATE-003", _has_role("ids"), _role("ids", "users")),
    Operator("other-completed", "returns the completion under another name", "STATE-001", _has_role("completed"),
             _role("completed", "done")),
    Operator("other-completed-at", "returns the time of completion under another name", "STATE-001",
             _has_role("completed_at"), _role("completed_at", "at")),
    Operator("other-survey", "looks for completion elsewhere", "STATE-012", _has_role("survey"),
             _role("survey", "Action")),
    Operator("other-segment", "has another default segment", "OP-001 STATE-003", _has_role("default_segment"),
             _role("default_segment", "main")),
    Operator("other-all", "knows all personas under another name", "OP-001 STATE-003", _has_role("all_personas"),
             _role("all_personas", "every")),
)  # fmt: skip


def mutants() -> Iterator[Mutant]:
    """Yield a mutant for each operation and each operator that applies to it, and those of all operations."""
    for operation in contract().operations:
        for operator in OPERATORS:
            if operator.applies(operation):
                after = replace(operation, **operator.change(operation))
                name, does = f"{operation.id}.{operator.name}", f"{operation.id} {operator.does}."
                yield changed(name, does, tuple(operator.kills.split()), _with(operation, after))
        yield _gone(operation)
    yield from _of_a_deletion()
    yield from _of_traits()
    yield from _of_the_whole()


def _gone(operation: Operation) -> Mutant:
    others = tuple(each for each in contract().operations if each is not operation)
    return changed(
        f"{operation.id}.gone", f"{operation.id} does not exist.", ("OP-001",), replace(contract(), operations=others)
    )


def _of_a_deletion() -> Iterator[Mutant]:
    operation = the("remove_user")
    assert operation.body is not None
    (field,) = operation.body.fields
    changes: dict[str, tuple[str, str, dict[str, Any]]] = {
        "id-may-be-empty": ("takes an empty id", "TYPE-012", {"min_length": None}),
        "id-is-a-number": ("takes a number as id", "DEL-001 OP-001", {"type": "int", "min_length": None}),
        "id-is-a-timestamp": ("takes a Timestamp as id", "DEL-001 OP-001", {"type": "Timestamp", "min_length": None}),
    }
    for name, (does, kills, attributes) in changes.items():
        after = replace(operation, **_body(operation, fields=(replace(field, **attributes),)))
        yield changed(
            f"{operation.id}.{name}", f"{operation.id} {does}.", tuple(kills.split()), _with(operation, after)
        )


def _of_traits() -> Iterator[Mutant]:
    operation = the("persona_traits")
    assert operation.response is not None
    sample = operation.response.example
    for category, names in sample["data"].items():
        others = {each: traits for each, traits in sample["data"].items() if each != category}
        fewer = others | {category: dict(list(names.items())[:-1])}
        renamed = others | {category.upper(): names}
        for name, does, data in (
            ("gone", f"does not know the category {category}", others),
            ("one-less", f"does not know the last trait of {category}", fewer),
            ("renamed", f"knows the category {category} under another name", renamed),
        ):
            after = replace(operation, **_response(operation, example=sample | {"data": data}))
            yield changed(
                f"{operation.id}.{category}.{name}", f"{operation.id} {does}.", ("STATE-007",), _with(operation, after)
            )


def _of_the_whole() -> Iterator[Mutant]:
    most = contract().max_records
    assert most is not None
    changes: dict[str, tuple[str, str, dict[str, Any]]] = {
        "limit.one-more": (f"A push may carry {most + 1} records.", "LIM-003", {"max_records": most + 1}),
        "limit.one-less": (f"A push may carry {most - 1} records.", "LIM-001", {"max_records": most - 1}),
        "limit.two-less": (f"A push may carry {most - 2} records.", "LIM-001 LIM-002", {"max_records": most - 2}),
        "limit.half": (f"A push may carry {most // 2} records.", "LIM-001 LIM-002", {"max_records": most // 2}),
        "limit.one": ("A push may carry one record.", "LIM-002", {"max_records": 1}),
        "limit.none": ("A push may carry any number of records.", "LIM-003", {"max_records": None}),
        "least.none": ("A push may be of no records.", "LIM-005", {"min_records": 0}),
        "least.two": ("A push needs two records.", "LIM-002 OP-001", {"min_records": 2}),
        "least.three": ("A push needs three records.", "LIM-002", {"min_records": 3}),
    }
    for name, (does, kills, attributes) in changes.items():
        yield changed(name, does, tuple(kills.split()), replace(contract(), **attributes))
    for error in contract().errors:
        others = tuple(each for each in contract().errors if each is not error)
        after = replace(contract(), errors=(*others, replace(error, message="went wrong")))
        yield changed(f"errors.{error.status}.other-message", f"A {error.status} says something else.",
                      ("ENV-010",), after)  # fmt: skip


def _with(before: Operation, after: Operation) -> Contract:
    operations = tuple(after if each is before else each for each in contract().operations)
    return replace(contract(), operations=operations)
