"""LIM: the number of records in a push. All records are valid, so only their number can be wrong."""

from collections.abc import Iterator

from traits_sandbox.conformance.catalogue.case import Case, accepted, refused
from traits_sandbox.conformance.catalogue.lookups import LOOKS, stores_nothing
from traits_sandbox.conformance.catalogue.pushes import collection, pushed
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.contract.model import Operation


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield, for every push, cases that send numbers of records at the limit, below it and above it."""
    for operation in made.pushes:
        yield from _within(made, operation)
        if made.contract.max_records is not None:
            yield from _beyond(made, operation, made.contract.max_records + 1)
        if made.contract.min_records:
            case_id = f"LIM-005.{collection(operation)}.none"
            yield pushed(case_id, "a list of no records", made.push(operation, []), refused)


def _within(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    sizes = [("LIM-002", "one", 1), ("LIM-002", "two", 2)]
    if (limit := made.contract.max_records) is not None:
        sizes += [("LIM-002", "one-below", limit - 1), ("LIM-001", "full", limit)]
    for requirement, name, count in sizes:
        request = made.push(operation, made.various(operation, count))
        yield pushed(
            f"{requirement}.{collection(operation)}.{name}", f"{count} record{'s'[: count != 1]}", request, accepted
        )


def _beyond(made: RequestFactory, operation: Operation, count: int) -> Iterator[Case]:
    rows = made.various(operation, count)
    about = f"{collection(operation)}.one-over"
    yield pushed(f"LIM-003.{about}", f"{count} valid records", made.push(operation, rows), refused)
    if user := made.record_of(operation).field_of("user"):
        stranger = made.id(f"over-{operation.id}".replace("_", "-"))
        request = made.push(operation, [rows[0] | {user.name: stranger}, *rows[1:]])
        title = f"push {count} records and look for one of their users"
        judge = stores_nothing(made, request, stranger)
        yield Case(f"LIM-004.{about}", title, operation.id, "append", judge, requests=3, at_most=2 + LOOKS)
