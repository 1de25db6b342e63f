"""Compares a generated file with the committed one: by bytes, or by meaning if other library versions wrote it."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

# A line of a requirements file with hashes, as uv writes it; a package can have a version for each range of Pythons.
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)

UNORDERED = {"allOf", "anyOf", "enum", "oneOf", "required", "type"}
VALUES = {"const", "default", "enum", "example", "examples"}
ANNOTATIONS = {"default", "deprecated", "description", "examples", "title"}


def same_bytes(fresh: bytes, committed: bytes) -> bool:
    return fresh == committed


def same_meaning(fresh: bytes, committed: bytes) -> bool:
    return canonical(fresh) == canonical(committed)


def comparison(
    libraries: Iterable[str], lock: str | None, installed: Callable[[str], str]
) -> Callable[[bytes, bytes], bool]:
    """Return a comparison by bytes, or by meaning if the installed version of a library is not the locked one."""
    return same_meaning if lock is not None and unlike(libraries, lock, installed) else same_bytes


def unlike(libraries: Iterable[str], lock: str, installed: Callable[[str], str]) -> list[str]:
    """Return the libraries whose installed version is not the locked one.

    Raises:
        LookupError: a library is not in the lock, so it cannot be the lock of this project.

    """
    pins: dict[str, set[str]] = {}
    for name, version in PIN.findall(lock):
        pins.setdefault(name.lower().replace("_", "-"), set()).add(version)
    if missing := [name for name in libraries if name not in pins]:
        raise LookupError(f"the lock does not name {', '.join(missing)}")
    return [name for name in libraries if installed(name) not in pins[name]]


def canonical(content: bytes) -> str | bytes:
    """Return the same text for all JSON documents with the same meaning; return other content unchanged.

    These differences are ignored: spaces, the order of members and of sets such as `required`, the notation of numbers,
    line breaks in descriptions, and whether null is one of two types or one of two schemas. Names, texts, defaults and
    titles are compared, because people and generated clients see them.
    """
    try:
        document = json.loads(content)
    except ValueError:
        return content
    return _text(_normal(document))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rule(name, rule) for name, rule in _nullable_as_choice(value).items()}
    if isinstance(value, list):
        return [_normal(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _rule(name: str, rule: Any) -> Any:
    if name == "description" and isinstance(rule, str):
        return " ".join(rule.split())
    normal = _plain(rule) if name in VALUES else _normal(rule)
    return sorted(normal, key=_text) if name in UNORDERED and isinstance(normal, list) else normal


def _plain(value: Any) -> Any:
    """Return a value that is not a schema, so its names are not keywords."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else _normal(value)


def _nullable_as_choice(schema: dict[str, Any]) -> dict[str, Any]:
    types = schema.get("type")
    # enum and const would exclude null.
    if not isinstance(types, list) or schema.keys() & {"anyOf", "const", "enum"}:
        return schema
    kinds = [each for each in types if each != "null"]
    if len(kinds) != 1 or len(types) != 2:
        return schema
    rules = {name: rule for name, rule in schema.items() if name not in ANNOTATIONS}
    shown = {name: rule for name, rule in schema.items() if name in ANNOTATIONS}
    return {**shown, "anyOf": [{**rules, "type": kinds[0]}, {"type": "null"}]}
