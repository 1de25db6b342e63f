"""Reads faults as people write them: JSON, a request header, the name of a preset."""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Any, Final, get_type_hints

import msgspec
import orjson

from traits_sandbox.control.faults import OUTCOMES, SCHEDULES, Fault, FaultEffect, Uniform
from traits_sandbox.control.matching import Matcher, MatchError
from traits_sandbox.derive.sentences import nearest, short
from traits_sandbox.derive.struct_schemas import struct_schemas
from traits_sandbox.errors import UsageError

HEADER: Final = "Sandbox-Fault"
MAX_DEPTH: Final = 64
PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "flaky": {"probability": 0.2, "one_of": [{"status": 500}, {"reset": "before"}]},
    "outage": {"status": 503, "retry_after": 30},
    "rate-limited": {"status": 429, "quota": {"limit": 10, "window": 1}},
    "slow": {"delay": {"distribution": "normal", "mean": 1.0, "deviation": 0.25}},
}

# The members of a group exclude each other; one that is given together with a preset replaces the preset's.
_GROUPS = ({*OUTCOMES, "one_of"}, {*SCHEDULES})
_STATUS_ONLY = ("body", "content_type", "retry_after")
_WITHOUT_BODY = (204, 205, 304)
_ONCE = (*FaultEffect.__struct_fields__, "one_of", "preset", "seed")
HEADER_HINT: Final = (
    f"write {HEADER} as status=503, retry-after=2 or delay=0.2 or reset=before or lost or preset=outage, or as JSON"
)

Errors = dict[str, str]


class FaultError(UsageError):
    """The input is not a fault; `errors` has a sentence for each invalid field."""

    def __init__(self, errors: Errors) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


def read_fault(raw: Any, operations: Collection[str] = ()) -> Fault:
    """Return the fault that a JSON value describes; raises FaultError."""
    if not isinstance(raw, dict):
        raise FaultError({"fault": 'fault must be an object such as {"operation": "push_actions", "status": 500}'})
    if _is_deep(raw):
        raise FaultError({"fault": f"fault may be at most {MAX_DEPTH} levels deep"})
    reader = _FaultReader()
    members = reader.members(Fault, _with_preset(raw), "")
    errors = reader.errors or dict(_fault_errors(fault := Fault(**members), operations))
    if errors:
        raise FaultError(errors)
    return fault


def read_header(text: str) -> Fault:
    """Return the fault that a Sandbox-Fault header demands for its own request; raises FaultError."""
    raw = _json_object(text) if text.lstrip().startswith("{") else _assignments(text)
    for name in raw.keys() & set(Fault.__struct_fields__) - set(_ONCE):
        raise FaultError({name: f"{name} needs a plan, made by POST /_sandbox/faults"})
    return read_fault(_without_schedule(_with_preset(raw)))


def fault_schemas() -> dict[str, Any]:
    """Return the JSON Schemas of a fault (`Fault`) and of its parts, by name."""
    schemas = struct_schemas((Fault,))
    schemas["Fault"]["properties"]["preset"] = {"enum": list(PRESETS), "description": "what the other members change"}
    for schema in schemas.values():
        schema["description"] = " ".join(schema["description"].split())
    return schemas


def _is_deep(raw: Any) -> bool:
    level = [raw]
    for _ in range(MAX_DEPTH):
        inner = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = list(chain.from_iterable(inner))
    return bool(level)


class _FaultReader:
    """Converts the members of a fault to values; collects what each invalid member must be."""

    def __init__(self) -> None:
        self.errors: Errors = {}

    def members(self, kind: type[FaultEffect], raw: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        types = _types(kind)
        for name in sorted(raw.keys() - types.keys()):
            suggestion = nearest(name, types)
            unknown = prefix + (short(name) or '""')
            self.errors[unknown] = f"{unknown} is unknown" + (f": did you mean {suggestion}?" if suggestion else "")
        return {name: self._member(types[name], raw[name], prefix + name) for name in types if name in raw}

    def _member(self, kind: Any, raw: Any, name: str) -> Any:
        if isinstance(raw, list) and name in ("one_of", "sequence"):
            raw = [self._item(item, f"{name}[{index}]") for index, item in enumerate(raw)]
        try:
            return msgspec.convert(raw, kind)
        except msgspec.ValidationError:
            self.errors[name] = f"{name} must be {kind.__metadata__[-1].description}"
            return None

    def _item(self, raw: Any, name: str) -> Any:
        """Return an effect for an object, and any other value unchanged."""
        if not isinstance(raw, dict):
            return raw
        effect = FaultEffect()
        if (members := self.members(FaultEffect, raw, f"{name}.")) and not self.errors:
            effect = FaultEffect(**members)
            self.errors |= _effect_errors(effect, f"{name}.")
        if not raw:
            self.errors[name] = f"{name} must have one of {', '.join(OUTCOMES)} and delay"
        return effect


@cache
def _types(kind: type[FaultEffect]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _fault_errors(fault: Fault, operations: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the members of a fault that exclude each other or do not fit this contract, each with a sentence."""
    yield from _effect_errors(fault, "")
    yield from _exclusive(fault.schedules, "")
    if fault.one_of and fault.outcomes:
        yield "one_of", f"{fault.outcomes[0]} and one_of exclude each other"
    if _lacks_effect(fault):
        yield "status", f"one of {', '.join(OUTCOMES)}, one_of and delay must be given"
    if fault.operation is not None and fault.operation not in operations:
        suggestion = nearest(fault.operation, operations)
        yield (
            "operation",
            "operation must be the id of an operation" + (f": did you mean {suggestion}?" if suggestion else ""),
        )
    if fault.match is not None:
        try:
            Matcher.of(fault.match)
        except MatchError as error:
            yield "match", f"match: {error}"


def _lacks_effect(fault: Fault) -> bool:
    if fault.outcomes or fault.one_of or fault.delay is not None:
        return False
    return any(step is True for step in fault.sequence) if fault.sequence else fault.quota is None


def _effect_errors(effect: FaultEffect, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the members of an effect that exclude each other, each with a sentence."""
    yield from _exclusive(effect.outcomes, prefix)
    answers = effect.status is not None or (isinstance(effect, Fault) and effect.quota is not None)
    for name in _STATUS_ONLY:
        if getattr(effect, name) is not None and not answers:
            yield prefix + name, f"{prefix}{name} can only be given with status"
    if effect.content_type is not None and not effect.content_type.isprintable():
        # `$` also matches before a final line break, which must not get into a header.
        yield f"{prefix}content_type", f"{prefix}content_type must be printable"
    if effect.status in _WITHOUT_BODY and effect.body is not None:
        yield f"{prefix}body", f"{prefix}body cannot go with status {effect.status}, which has none"
    if isinstance(effect.delay, Uniform) and effect.delay.low > effect.delay.high:
        yield f"{prefix}delay", f"{prefix}delay must have a low that is not above its high"


def _exclusive(names: tuple[str, ...], prefix: str) -> Iterator[tuple[str, str]]:
    for name in names[1:]:
        yield prefix + name, f"{prefix}{names[0]} and {name} exclude each other"


def _with_preset(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a named preset, replaced by those that are given."""
    given = {name: value for name, value in raw.items() if name != "preset"}
    if (name := raw.get("preset")) is None:
        return given
    if not isinstance(name, str) or name not in PRESETS:
        raise FaultError({"preset": f"preset must be one of {', '.join(PRESETS)}"})
    replaced: set[str] = set().union(*(group for group in _GROUPS if group & given.keys()))
    return {member: value for member, value in PRESETS[name].items() if member not in replaced} | given


def _without_schedule(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the effect of a preset on one request: always its effect, with the quota used up."""
    once = {name: value for name, value in raw.items() if name not in SCHEDULES}
    return once | ({"quota": raw["quota"] | {"limit": 0}} if "quota" in raw else {})


def _assignments(text: str) -> dict[str, Any]:
    """Return the members of `name=value; name=value`; a name alone is true."""
    parts = (part.partition("=") for part in re.split("[;,]", text) if part.strip())
    return {name.strip().lower().replace("-", "_"): _value(value) if given else True for name, given, value in parts}


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return text.strip()


def _json_object(text: str) -> dict[str, Any]:
    try:
        return dict(orjson.loads(text))
    except ValueError:
        raise FaultError({"fault": "a value that begins with a brace must be a JSON object"}) from None
