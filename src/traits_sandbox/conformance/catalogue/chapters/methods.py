"""HTTP: methods, paths and bodies as the standard has them. Observers check that no request makes the server fail."""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus

from traits_sandbox.conformance.catalogue.case import Breach, Case, accepted
from traits_sandbox.conformance.catalogue.lookups import single
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.exchange import JSON, Reply, Request
from traits_sandbox.conformance.http.reach import Reach
from traits_sandbox.contract.model import Operation

_METHODS = ("GET", "POST", "PUT", "DELETE")
"""Methods that every server knows. For a method that it does not know, a server may also answer 501."""

_BODILESS = frozenset({"GET", "DELETE"})


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield cases that send other methods to every path, bodies in chunks, and paths with an extra slash."""
    for operation in made.contract.operations:
        yield from _undeclared(made, operation)
        if operation.method == "GET":
            head = replace(made.documented(operation), method="HEAD", operation="")
            yield single(f"HTTP-003.{operation.id}", "send HEAD", operation, head, _no_body)
    for operation in (made.pushes[0], made.having("upload")[0]):
        chunked = replace(made.documented(operation), chunked=True)
        yield single(f"HTTP-004.{operation.id}", "send the body in chunks", operation, chunked, accepted)
    for operation in (made.the("assessment_status"), made.pushes[0]):
        yield from _other_paths(made, operation)


def _undeclared(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    declared = {each.method for each in made.contract.operations if each.path == operation.path}
    for method in (each for each in _METHODS if each not in declared):
        yield single(
            f"HTTP-001.{operation.id}.{method.lower()}",
            f"send the documented request as {method}",
            operation,
            _sent_as(method, made.documented(operation)),
            _has_no_such_method,
            _reach(method),
        )


def _sent_as(method: str, request: Request) -> Request:
    """Return a request with another method. It is not a request of the operation any more."""
    if method in _BODILESS:
        headers = tuple(each for each in request.headers if each[0] != JSON[0])
        return replace(request, method=method, headers=headers, body=None, operation="")
    return replace(request, method=method, operation="")


def _reach(method: str) -> Reach:
    return "read" if method == "GET" else "unsafe"


def _has_no_such_method(reply: Reply) -> Breach | None:
    expected = "status 404, or 405 with Allow"
    if reply.status == HTTPStatus.METHOD_NOT_ALLOWED:
        return None if reply.header("Allow") else Breach("405 without Allow", expected)
    return None if reply.status == HTTPStatus.NOT_FOUND else Breach(str(reply.status), expected)


def _no_body(reply: Reply) -> Breach | None:
    return Breach("a body", "a reply without a body") if reply.body else None


def _other_paths(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    request = made.documented(operation)
    begin, _, end = request.path.rpartition("/")
    paths = {"slash-at-end": f"{request.path}/", "two-slashes": f"{begin}//{end}"}
    for name, path in paths.items():
        other = replace(request, path=path, operation="")
        title = f"{operation.method} {path}"
        yield single(f"HTTP-005.{operation.id}.{name}", title, operation, other, _not_found, _reach(operation.method))


def _not_found(reply: Reply) -> Breach | None:
    expected = f"status {HTTPStatus.NOT_FOUND.value}: there is no such path"
    return None if reply.status == HTTPStatus.NOT_FOUND else Breach(str(reply.status), expected)
