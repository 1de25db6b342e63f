"""JSON Schemas, compiled when they are first used. The only module that imports jsonschema-rs."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import jsonschema_rs
import msgspec

from traits_sandbox.derive.json_schema import Schema


class BrokenKeyword(msgspec.Struct, frozen=True):
    """A broken rule of a schema: the name of the member that breaks it, the keyword and the keyword's value."""

    member: str
    keyword: str
    bound: Any


class CompiledSchema:
    """A schema that is compiled at its first use: a sandbox starts sooner, and few clients use every endpoint."""

    def __init__(self, schema: Callable[[], Schema]) -> None:
        self._schema = schema

    @cached_property
    def _validator(self) -> jsonschema_rs.Draft202012Validator:
        # The regex engine takes linear time: its cost depends on the length of the text only, even for a hostile text.
        # The mask keeps values out of messages that nobody reads: copying them is the cost of a large refusal.
        options = jsonschema_rs.RegexOptions()
        return jsonschema_rs.Draft202012Validator(self._schema(), pattern_options=options, mask="value")

    def compile(self) -> None:
        """Compile the schema now.

        Raises:
            ValueError: the schema is not valid.

        """
        try:
            _ = self._validator
        except jsonschema_rs.ValidationError as error:
            raise ValueError(str(error)) from None

    def is_valid(self, value: Any) -> bool:
        """Return whether a value keeps the schema."""
        try:
            return self._validator.is_valid(value)
        except ValueError:  # a lone surrogate: orjson never returns one, but a converted cell may have one
            return False

    def broken(self, value: dict[str, Any]) -> Iterator[BrokenKeyword]:
        """Yield, for each member of an object, the first keyword that it breaks; a missing member can break one too."""
        try:
            errors = self._validator.iter_errors(value)
        except ValueError:  # an error has a copy of its value, and a deeply nested one cannot be copied
            errors = self._validator.iter_errors(_outline(value))
        seen = set()
        for error in errors:
            keyword, bound = error.kind.name, getattr(error.kind, "value", None)
            member = str(bound if keyword == "required" else error.instance_path[0])
            if member not in seen:
                seen.add(member)
                yield BrokenKeyword(member, keyword, bound)


class TextPattern:
    """A client's regular expression, matched in linear time: without look-around and back-references.

    Raises:
        ValueError: the expression is malformed or too large.

    """

    def __init__(self, pattern: str) -> None:
        self._schema = CompiledSchema(lambda: {"pattern": pattern})
        self._schema.compile()

    def found_in(self, text: str) -> bool:
        """Return whether the expression matches somewhere in a text."""
        return self._schema.is_valid(text)


def _outline(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object with empty lists and objects in place of its own."""
    return {name: type(each)() if isinstance(each, list | dict) else each for name, each in value.items()}
