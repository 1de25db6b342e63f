"""PlayFab's published event models, read from `models.txt`, and events with every field filled."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Fields = dict[str, str]

SECRET = "dropped.on.arrival@example.test"
DROPPED_ENDINGS = ("Email", "EmailAddress", "IPAddress", "IPV4Address", "IPV6Address", "Token")
DROPPED_NAMES = ("ReceiptContent", "PlatformUserName")

_PLAIN: dict[str, Any] = {
    "DateTime": "2020-09-15T10:20:30.7654321Z",
    "Boolean": True,
    "int32": 7,
    "uint32": 7,
    "double": 0.5,
}


@dataclass(frozen=True, slots=True)
class Model:
    """One event: its name, the group of its entities, and the types of its fields."""

    name: str
    group: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Models:
    """All events, and the objects and enumerations that their fields refer to."""

    events: dict[str, Model]
    objects: dict[str, Fields]
    enums: dict[str, list[str]]

    def filled(self, model: Model) -> dict[str, Any]:
        """Return the content of an event with a value in every field; what must be dropped has SECRET."""
        return {name: self._value(name, kind) for name, kind in model.fields.items()}

    def _value(self, name: str, kind: str) -> Any:
        kind = kind.removesuffix("?")
        if is_dropped(name):
            return SECRET
        if kind[0] == "[":
            return [self._value("", kind[1:-1])]
        if kind[0] == "{":
            return {each: self._value(each, kind[1:-1]) for each in ("one", "ContactEmail")}
        family, _, of = kind.partition(":")
        if family == "enum":
            return self.enums[of][0]
        if family == "object":
            fields = self.objects[of] if of else {"Free": "String", "ClientIPAddress": "String"}
            return {each: self._value(each, inner) for each, inner in fields.items()}
        return _PLAIN.get(kind, f"text of {name}")


def is_dropped(name: str) -> bool:
    """Return whether a property must be removed on arrival."""
    return name.endswith(DROPPED_ENDINGS) or name in DROPPED_NAMES


def kept_texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each plain value that may be kept as a text, with its dotted path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if not is_dropped(name):
                yield from kept_texts(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from kept_texts(inner, f"{path}.{index}")
    else:
        yield path, {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _read(text: str) -> Models:
    sections: dict[str, list[list[str]]] = {}
    lines: list[list[str]] = []
    for line in filter(lambda each: each and each[0] != "#", text.splitlines()):
        if line[0] == "[":
            lines = sections.setdefault(line[1:-1], [])
        else:
            lines.append(line.split())
    return Models(
        events={name: Model(name, group, _fields(fields)) for name, group, *fields in sections["events"]},
        objects={name: _fields(fields) for name, *fields in sections["objects"]},
        enums={name: values for name, *values in sections["enums"]},
    )


def _fields(words: list[str]) -> Fields:
    parted = (word.partition(":") for word in words)
    return {name: kind or "String?" for name, _, kind in parted}


MODELS = _read(Path(__file__).with_name("models.txt").read_text(encoding="utf-8"))
