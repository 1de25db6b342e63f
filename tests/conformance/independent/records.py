"""The records that the pushes take, and what is wrong with one that does not fit."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

Problems = Iterator[tuple[str, str]]
Check = Callable[[object, str], Problems]


class Field(NamedTuple):
    check: Check
    required: bool


Fields = dict[str, Field]

TIMESTAMP = re.compile(r"[0-9]{4}(-[0-9]{2}){2} [0-9]{2}(:[0-9]{2}){2}")


def need(check: Check) -> Field:
    return Field(check, required=True)


def may(check: Check) -> Field:
    return Field(check, required=False)


def text(value: object, at: str) -> Problems:
    if not isinstance(value, str):
        yield at, "has to be a string"


def text_or_number(value: object, at: str) -> Problems:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        yield at, "has to be a string or a number"


def integer(value: object, at: str) -> Problems:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole:
        yield at, "has to be a whole number"


def number(value: object, at: str) -> Problems:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield at, "has to be a number"
    elif isinstance(value, float) and not math.isfinite(value):
        yield at, "has to be finite"


def matching(pattern: str, hint: str) -> Check:
    def check(value: object, at: str) -> Problems:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield at, hint

    return check


def moment(value: object, at: str) -> Problems:
    if not isinstance(value, str) or not TIMESTAMP.fullmatch(value) or not on_calendar(value):
        yield at, "has to be a moment like 2020-09-15 10:30:00"


def on_calendar(moment: str) -> bool:
    try:
        datetime.fromisoformat(moment)
    except ValueError:
        return False
    return True


def loose_moment(value: object, at: str) -> Problems:
    corrected = re.sub(r"^(\S{10})T(\S{8})Z?$", r"\1 \2", value) if isinstance(value, str) else value
    yield from moment(corrected, at)


def record(fields: Fields, value: object, at: str) -> Problems:
    if not isinstance(value, dict):
        yield at, "has to be an object"
        return
    for name in sorted(value.keys() - fields.keys()):
        yield pointer(at, name), "is no field of this object"
    for name, field in fields.items():
        yield from member(field, value.get(name), pointer(at, name))


def member(field: Field, value: object, at: str) -> Problems:
    if value is not None:
        yield from field.check(value, at)
    elif field.required:
        yield at, "has to be given"


def pointer(at: str, name: str) -> str:
    return f"{at}/{name.replace('~', '~0').replace('/', '~1')}"


def each(fields: Fields) -> Check:
    def check(value: object, at: str) -> Problems:
        if not isinstance(value, list):
            yield at, "has to be a list"
            return
        for index, entry in enumerate(value):
            yield from record(fields, entry, f"{at}/{index}")

    return check


@dataclass(frozen=True)
class Push:
    """What one push operation takes: the key of its list, and the fields of a record."""

    key: str
    singular: str
    fields: Fields
    plural: str = ""

    def told(self, count: int) -> str:
        noun = self.singular if count == 1 else self.plural or self.singular + "s"
        return f"{count} {noun} {'has' if count == 1 else 'have'} been successfully ingested"


BY_USER: Fields = {"timestamp": may(moment), "user_id": need(text)}
BOUGHT: Fields = BY_USER | {"item_id": need(text), "count": need(integer)}
PARAM: Fields = {"key": need(text), "value": need(text)}
ACTION: Fields = {"action_id": need(text), "action_name": need(text), "action_params": may(each(PARAM))}
USER_TEXTS: Fields = dict.fromkeys(("clan_id", "device", "country", "platform", "language"), may(text))
USER_TIMES: Fields = {
    "register_date": may(matching(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "has to look like 2020-09-15")),
    "last_login_timestamp": may(moment),
}
PRICED: Fields = {"item_id": need(text), "price": need(number), "currency": need(text)}
LINK: Fields = {
    "target_user_id": need(text),
    "connection": need(matching("linked|unlinked|unllinked", "has to be linked or unllinked")),
    "interaction": need(matching("friend|party", "has to be friend or party")),
}

PUSHES: dict[str, Push] = {
    "actions": Push("actions", "action", BY_USER | ACTION),
    "logins": Push("users", "user", BY_USER | USER_TEXTS | USER_TIMES | {"level": may(integer)}),
    "purchases": Push("purchases", "purchase", BOUGHT | {"price": need(number), "platform": may(text)}),
    "virtual-purchases": Push(
        "virtual_purchases", "virtual purchase", BOUGHT | {"virtual_price": need(number), "currency": need(text)}
    ),
    "level-ups": Push("level_ups", "level-up", BY_USER | {"level": need(integer)}),
    "items": Push("items", "item", PRICED | {"name": need(text), "type": may(text)}),
    "social-dynamics": Push("social_dynamics", "social dynamic", BY_USER | LINK),
}
"""The pushes of the vendor's document; `reader.further_pushes` adds those that only the reference has."""
