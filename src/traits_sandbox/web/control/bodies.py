"""Reads the JSON bodies of control calls into structs; says in our words which member is invalid."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, Final, TypeVar, get_type_hints

import msgspec
import orjson
from starlette.requests import Request

from traits_sandbox.derive.sentences import nearest, short
from traits_sandbox.errors import UsageError

T = TypeVar("T", bound=msgspec.Struct)

_OTHERWISE: Final = "body: must be as the OpenAPI document of the control API says"
_TYPES: Final = {"object": "an object", "array": "a list", "boolean": "true or false", "null": "null"}


async def read(request: Request, kind: type[T]) -> T:
    """Return the body of a call; raises UsageError with the reason if it is invalid."""
    value = parsed(await request.body())
    if not isinstance(value, dict):
        raise UsageError("body: must be a JSON object")
    members = {name: _number(each) for name, each in value.items()}
    try:
        return msgspec.convert(members, kind)
    except msgspec.ValidationError:
        raise UsageError(next(_mistakes(members, kind), _OTHERWISE)) from None


def parsed(body: bytes) -> Any:
    """Return a JSON body; raises UsageError with the place where it stops to be JSON."""
    if not body:
        raise UsageError("body: is missing: send a JSON object")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"body: must be JSON, which ends at line {error.lineno}, column {error.colno}") from None


def _mistakes(members: Mapping[str, Any], kind: type[msgspec.Struct]) -> Iterator[str]:
    """Yield a sentence for each member that is unknown, missing or invalid."""
    types = _types(kind)
    for name in sorted(members.keys() - types.keys()):
        yield f"body: {unknown('member', name, types)}"
    for field in msgspec.structs.fields(kind):
        if field.required and field.encode_name not in members:
            yield f"{field.encode_name}: is required"
    for name, member in types.items():
        if name in members and not _fits(members[name], member):
            yield f"{name}: must be {_words(msgspec.json.schema(member))}"


def unknown(noun: str, name: str, known: Collection[str]) -> str:
    """Return the sentence about an unknown name, with the known name that it may mean."""
    suggestion = nearest(name, known)
    meant = f": did you mean {suggestion}?" if suggestion else f", only {', '.join(known) or 'none'}"
    return f"there is no {noun} {short(name)!a}{meant}"


@cache
def _types(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _fits(value: Any, member: Any) -> bool:
    try:
        msgspec.convert(value, member)
    except msgspec.ValidationError:
        return False
    return True


def _words(schema: Mapping[str, Any]) -> str:
    """Return what a JSON Schema demands."""
    if "anyOf" in schema:
        return " or ".join(_words(each) for each in schema["anyOf"])
    match schema.get("type"):
        case "integer" | "number":
            noun = "a whole number" if schema["type"] == "integer" else "a number"
            low, high = schema.get("minimum"), schema.get("maximum")
            return noun if low is None or high is None else f"{noun} from {low} to {high}"
        case "string":
            return f"a text of at most {schema['maxLength']} characters" if "maxLength" in schema else "a text"
        case known:
            return _TYPES.get(str(known), "as the OpenAPI document of the control API says")


def _number(value: Any) -> Any:
    """Return a value, with 2.0 as 2: they are the same in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
