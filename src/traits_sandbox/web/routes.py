"""Routes a method and a path to an operation of the contract."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import unquote_to_bytes

import msgspec

from traits_sandbox.contract.model import Contract, Operation
from traits_sandbox.derive.leniency import Reading
from traits_sandbox.errors import NotFound

_LONGEST_PATH = 200


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path of an operation; with `readings` if the route exists in lenient mode only."""

    method: str
    path: str
    operation: Operation
    readings: tuple[Reading, ...] = ()


class RouteMatch(msgspec.Struct, frozen=True):
    """The operation of a request, with its path parameters."""

    operation: Operation
    path: dict[str, str] = {}
    readings: tuple[Reading, ...] = ()


class Routes:
    """All routes by path. Parameters match one segment each and are percent-decoded once."""

    def __init__(self, contract: Contract, *, lenient: bool = False) -> None:
        self._fixed: dict[str, dict[str, RouteMatch]] = {}
        self._open: list[tuple[tuple[str, ...], Route]] = []
        for route in _routes(contract, lenient=lenient):
            if "{" in route.path:
                self._open.append((tuple(route.path.split("/")), route))
            else:
                match = RouteMatch(route.operation, readings=route.readings)
                self._fixed.setdefault(route.path, {})[route.method] = match

    def match(self, method: str, raw_path: str) -> RouteMatch:
        """Return the operation of a request; raises NotFound with a hint at the nearest route."""
        found = self._fixed.get(raw_path) or self._decoded(raw_path)
        if method in found:
            return found[method]
        if found:
            raise NotFound(f"use {' or '.join(found)}")
        raise NotFound(self._nearest(raw_path))

    def key_parameter(self, raw_path: str) -> str:
        """Return the query parameter that can have the key on this path; empty if there is none."""
        matches = self._fixed.get(raw_path, {}).values()
        return next((match.operation.key_parameter for match in matches), "")

    def _decoded(self, raw_path: str) -> dict[str, RouteMatch]:
        try:
            segments = [unquote_to_bytes(segment).decode() for segment in raw_path.split("/")]
        except UnicodeDecodeError:
            return {}
        # Letters of a fixed path may be percent-encoded; an encoded slash does not separate segments.
        plain = "" if any("/" in segment for segment in segments) else "/".join(segments)
        if fixed := self._fixed.get(plain):
            return fixed
        found = {}
        for pattern, route in self._open:
            if (path := _fill(pattern, segments)) is not None:
                found[route.method] = RouteMatch(route.operation, path, route.readings)
        return found

    def _nearest(self, raw_path: str) -> str:
        known = [*self._fixed, *(route.path for _, route in self._open)]
        near = get_close_matches(raw_path[:_LONGEST_PATH], known, 1)
        return f"did you mean {near[0]}?" if near else ""


def _routes(contract: Contract, *, lenient: bool) -> Iterator[Route]:
    by_id = {operation.id: operation for operation in contract.operations}
    for operation in contract.operations:
        yield Route(operation.method, operation.path, operation)
    for further in contract.leniency.routes if lenient else ():
        operation = by_id[further.operation]
        reading = Reading(f"{further.method} {further.path}", f"read as {operation.key}")
        yield Route(further.method, further.path, operation, (reading,))


def _fill(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    """Return the parameters of a path that fits a pattern such as ("", "v1", "{id}"); a parameter is never empty."""
    if len(pattern) != len(segments):
        return None
    filled = {}
    for part, segment in zip(pattern, segments, strict=True):
        if part.startswith("{") and segment:
            filled[part[1:-1]] = segment
        elif part != segment:
            return None
    return filled
