"""Applies the project's decisions to a compiled document.

An erratum patches the contract as plain dictionaries and lists. A target is a dotted path: a name selects
an attribute, and after the name of a list, a pattern selects elements by their identity, as in
`records.*.fields.*_id`. The target `document` is the contract itself. The result of each patch must again
be a valid contract.
"""

import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import msgspec

from traits_sandbox.contract.model import Contract, Erratum, FrozenStruct
from traits_sandbox.errors import ErrataError

ROOT: Final = "document"

# The attributes that identify the elements of a list. Other lists can only be replaced as a whole.
IDENTITY: Final = {
    "records": "{heading}",
    "fields": "{name}",
    "operations": "{method} {path}",
    "path_parameters": "{name}",
    "query_parameters": "{name}",
    "dialects": "{name}",
    "events": "{event}",
    "categories": "{folder}",
    "errors": "{status}",
    "servers": "{name}",
    "variables": "{name}",
}


class ErratumPatch(FrozenStruct, frozen=True, kw_only=True):
    """One erratum of the file with its patches.

    `set` maps targets to attributes to set, `add` maps paths of lists to elements to append.
    """

    id: str
    what: str
    why: str
    where: str
    assumed: bool
    set: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    add: dict[str, list[Any]] = msgspec.field(default_factory=dict)

    def public(self) -> Erratum:
        """Return the erratum without its patches, as the contract lists it."""
        return Erratum(id=self.id, what=self.what, why=self.why, where=self.where, assumed=self.assumed)


class Errata(FrozenStruct, frozen=True, kw_only=True):
    """An errata file: its edition, and its errata in order."""

    edition: str
    erratum: tuple[ErratumPatch, ...] = ()


def read(path: Path) -> Errata:
    """Read an errata file.

    Raises:
        ErrataError: the file cannot be read or is not TOML, an entry has not the form of an erratum, or two
            have the same id.

    """
    try:
        return parse(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, ErrataError) as error:
        raise ErrataError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def parse(text: str) -> Errata:
    """Read the text of an errata file.

    Raises:
        ErrataError: as `read`, without the file's path in the message.

    """
    try:
        errata = msgspec.convert(tomllib.loads(text), Errata)
    except tomllib.TOMLDecodeError as error:
        raise ErrataError(f"not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ErrataError(f"not an errata file: {error}") from error
    ids = [entry.id for entry in errata.erratum]
    for each in ids:
        if ids.count(each) > 1:
            raise ErrataError(f"erratum {each!r} appears more than once")
    return errata


def apply(contract: Contract, errata: Errata) -> Contract:
    """Return the contract with all errata applied in order and listed.

    Raises:
        ErrataError: a target or a record does not exist, or an attribute gets an unknown name or a wrong value.

    """
    for entry in errata.erratum:
        for target, values in entry.add.items():
            contract = _patched(contract, entry, target, values)
        for target, attributes in entry.set.items():
            contract = _patched(contract, entry, target, attributes)
    _check_references(contract)
    return msgspec.structs.replace(contract, errata=tuple(entry.public() for entry in errata.erratum))


def _patched(contract: Contract, entry: ErratumPatch, target: str, patch: Any) -> Contract:
    plain = msgspec.to_builtins(contract)
    try:
        if isinstance(patch, list):
            _add(plain, target, patch)
        else:
            _set(plain, target, patch)
        return msgspec.convert(plain, Contract)
    except (LookupError, msgspec.ValidationError) as error:
        raise ErrataError(f"erratum {entry.id!r}, target {target!r}: {error.args[0]}") from error


def _set(plain: dict[str, Any], target: str, attributes: dict[str, Any]) -> None:
    for node in _matches(plain, target):
        _merge(node, attributes)


def _add(plain: dict[str, Any], target: str, values: list[Any]) -> None:
    owner, _, name = target.rpartition(".")
    for node in _matches(plain, owner):
        node[name] = [*node.get(name, []), *values]


def _matches(plain: dict[str, Any], target: str) -> list[dict[str, Any]]:
    found = list(_walk(plain, target.split("."))) if target not in ("", ROOT) else [plain]
    if not found:
        raise LookupError("the document has no such target")
    return found


def _walk(node: Any, steps: list[str]) -> Iterator[dict[str, Any]]:
    if not isinstance(node, dict):
        return
    if not steps:
        yield node
        return
    name, *rest = steps
    value = node.get(name)
    if not isinstance(value, list | tuple):
        yield from _walk(value, rest)
    elif name in IDENTITY and rest:
        for element in value:
            if fnmatchcase(IDENTITY[name].format_map(element), rest[0]):
                yield from _walk(element, rest[1:])


def _merge(node: dict[str, Any], attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        if isinstance(value, dict) and isinstance(node.get(name), dict):
            _merge(node[name], value)
        else:
            node[name] = value


def _check_references(contract: Contract) -> None:
    known = {record.heading for record in contract.records}
    for where, heading in _references(contract):
        if heading and heading not in known:
            raise ErrataError(f"{where} refers to the record {heading!r}, but no table and no erratum defines it")


def _references(contract: Contract) -> Iterator[tuple[str, str]]:
    for record in contract.records:
        yield from ((f"field {record.heading}.{field.name}", field.item) for field in record.fields)
    for category in contract.categories:
        yield f"category {category.folder}", category.record
    for operation in contract.operations:
        named = [dialect.record for dialect in operation.dialects]
        named += [rule.record for rule in operation.webhook.events] if operation.webhook else []
        named += [operation.body.record] if operation.body else []
        yield from ((f"operation {operation.key}", heading) for heading in named)
