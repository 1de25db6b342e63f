"""From method and path to an operation, by the contract alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import unquote_to_bytes

from traits_sandbox.contract.model import Operation
from traits_sandbox.errors import NotFound


@dataclass(frozen=True, slots=True)
class Match:
    """An operation and the path parameters of one request."""

    operation: Operation
    path: dict[str, str]


class Routes:
    """All operations by path. Parameters match one segment each and are percent-decoded once."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._fixed: dict[str, dict[str, Match]] = {}
        self._open: list[tuple[tuple[str, ...], Operation]] = []
        for operation in operations:
            if operation.path_parameters:
                self._open.append((tuple(operation.path.split("/")), operation))
            else:
                self._fixed.setdefault(operation.path, {})[operation.method] = Match(operation, {})

    def match(self, method: str, raw_path: str) -> Match:
        """Return what a request asks for; raises NotFound with a hint at what may have been meant."""
        found = self._fixed.get(raw_path) or self._decoded(raw_path)
        if method in found:
            return found[method]
        if found:
            raise NotFound(f"use {' or '.join(found)}")
        raise NotFound(self._nearest(raw_path))

    def key_parameter(self, raw_path: str) -> str:
        """Return the query parameter that may carry the key on this path, if one may."""
        matches = self._fixed.get(raw_path, {}).values()
        return next((match.operation.key_parameter for match in matches), "")

    def _decoded(self, raw_path: str) -> dict[str, Match]:
        try:
            segments = [unquote_to_bytes(segment).decode() for segment in raw_path.split("/")]
        except UnicodeDecodeError:
            return {}
        if "%" in raw_path and (fixed := self._fixed.get("/".join(segments))):
            return fixed
        found = {}
        for pattern, operation in self._open:
            if (path := _fill(pattern, segments)) is not None:
                found[operation.method] = Match(operation, path)
        return found

    def _nearest(self, raw_path: str) -> str:
        known = [*self._fixed, *(operation.path for _, operation in self._open)]
        near = get_close_matches(raw_path[:200], known, 1)
        return f"did you mean {near[0]}?" if near else ""


def _fill(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    """Return the parameters of a path that fits a pattern such as ("", "v1", "{id}"); none of them is empty."""
    if len(pattern) != len(segments):
        return None
    filled = {}
    for part, segment in zip(pattern, segments, strict=True):
        if part.startswith("{") and segment:
            filled[part[1:-1]] = segment
        elif part != segment:
            return None
    return filled
