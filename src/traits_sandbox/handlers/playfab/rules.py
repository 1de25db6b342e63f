"""Maps PlayFab's events to records: by the first rule of the contract that fits and yields records."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

import orjson

from traits_sandbox.contract.model import Contract, EventRule, Record, Webhook
from traits_sandbox.errors import UsageError
from traits_sandbox.event_results import IgnoredReason
from traits_sandbox.handlers.playfab.event import PlayFabEvent, find, utc
from traits_sandbox.json_types import JsonObject

# Limits far above any PlayFab event: the number of values, and of characters in their paths.
MAX_VALUES = 10_000
MAX_PATHS = 2**20

_ANY = "*"
_ABSENT = (None, "")


@dataclass(frozen=True, slots=True)
class EventMatch:
    """An event with a rule for its name."""

    event: PlayFabEvent
    rule: EventRule
    webhook: Webhook

    def given(self, word: str) -> Any:
        """Return the event's value for an input of the rule, or None."""
        return find(self.event.content, self.rule.inputs[word])

    def filled(self, **values: Any) -> JsonObject:
        """Return fields of the record by the rule's names for its outputs, without None."""
        return {self.rule.outputs[word]: value for word, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Ignored:
    """Why an event becomes no record, and the property of the event that the reason is about."""

    reason: IgnoredReason
    field: str = ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """The result of mapping an event: rows of one record, and the player's day of registration if the event has it."""

    record: Record
    rows: tuple[JsonObject, ...]
    registered: str = ""


class Rules:
    """The rules of a contract, in order."""

    def __init__(self, contract: Contract, webhook: Webhook) -> None:
        for rule in webhook.events:
            if rule.transform not in TRANSFORMS:
                known = ", ".join(TRANSFORMS)
                raise UsageError(f"the rule for {rule.event} has the transform {rule.transform!r}, not one of {known}")
            TRANSFORMS[rule.transform].check(rule)
        self._webhook = webhook
        self._records = {rule.record: contract.record(rule.record) for rule in webhook.events}

    def map(self, event: PlayFabEvent) -> Mapped | Ignored:
        """Return the mapped records of an event, or why there are none."""
        if lacking := self._lacking(event):
            return lacking
        reason = IgnoredReason.NO_RULE
        for rule in self._webhook.events:
            if rule.event in (event.name, _ANY):
                match, transform = EventMatch(event, rule, self._webhook), TRANSFORMS[rule.transform]
                if rows := transform.rows(match):
                    return self._mapped(match, rows)
                reason = IgnoredReason.TOO_MANY_VALUES if transform.rows is action else reason
        return Ignored(reason)

    def _lacking(self, event: PlayFabEvent) -> Ignored | None:
        if event.name in _ABSENT:
            return Ignored(IgnoredReason.NO_NAME, self._path(event, "name"))
        if event.player not in _ABSENT:
            return None
        if event.entity_type in self._webhook.player_types:
            return Ignored(IgnoredReason.NO_PLAYER, self._path(event, "entity"))
        return Ignored(IgnoredReason.NOT_ABOUT_A_PLAYER, self._path(event, "entity_type"))

    def _path(self, event: PlayFabEvent, part: str) -> str:
        """Return where an event of this form has a part."""
        return self._webhook.names[part][0 if event.content is event.raw else -1]

    def _mapped(self, match: EventMatch, rows: list[JsonObject]) -> Mapped:
        record = self._records[match.rule.record]
        common = _common(match, record)
        day = _day_of_registration(match) if match.rule.transform == _REGISTRATION else ""
        return Mapped(record, tuple(common | row for row in rows), day)


def _common(match: EventMatch, record: Record) -> JsonObject:
    """Return the fields that all rows of a match have: the user, the moment, and copied fields."""
    user, timestamp = record.field_of("user"), record.field_of("timestamp")
    row = {name: find(match.event.content, path) for name, path in match.rule.fields.items()}
    if user:
        row[user.name] = match.event.player
    if timestamp and match.event.moment:
        row[timestamp.name] = _timestamp(match.event.moment)
    return {name: value for name, value in row.items() if value is not None}


def _timestamp(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def _day_of_registration(match: EventMatch) -> str:
    moment = utc(match.given("created")) or match.event.moment
    return moment.date().isoformat() if moment else ""


def copy(_: EventMatch) -> list[JsonObject]:
    """Return one row with only the common fields."""
    return [{}]


def products(match: EventMatch) -> list[JsonObject]:
    """Return a purchase for each distinct product; the order's total is split by unit, and the last gets the rest."""
    bought = match.given("products")
    bought = [bought] if isinstance(bought, str) else bought
    if not isinstance(bought, list) or not 0 < len(bought) <= MAX_VALUES:
        return []
    if not all(isinstance(product, str) for product in bought):
        return []
    counts = Counter(bought)
    prices = _split(match.given("cents"), list(counts.values()))
    return [
        match.filled(item=item, count=count, price=price)
        for (item, count), price in zip(counts.items(), prices, strict=True)
    ]


def total(match: EventMatch) -> list[JsonObject]:
    """Return a purchase of a quantity (1 by default) at its unit price."""
    quantity, price = match.given("quantity"), match.given("unit_price")
    quantity = 1 if quantity is None else quantity
    if _is_number(quantity) and _is_number(price):
        price = _bounded(price * quantity)
    return [match.filled(count=quantity, total=price)]


def statistic(match: EventMatch) -> list[JsonObject]:
    """Return a level-up if the statistic is a level and rose to a whole number."""
    name, level, previous = match.given("statistic"), whole(match.given("value")), match.given("previous")
    if not isinstance(name, str) or name.lower() not in match.webhook.level_statistics or level is None:
        return []
    rose = previous is None or (_is_number(previous) and level > previous)
    return [match.filled(level=level)] if rose else []


def action(match: EventMatch) -> list[JsonObject]:
    """Return an action with the event's own values as params; none if there are too many."""
    event = match.event
    params: list[JsonObject] = []
    room = MAX_PATHS
    for key, text in flattened(event.params):
        room -= len(key)
        if len(params) == MAX_VALUES or room < 0:
            return []
        params.append(match.filled(key=key, value=text))
    in_namespace = isinstance(event.namespace, str) and isinstance(event.name, str) and event.name
    identity = f"{event.namespace}.{event.name}" if in_namespace else event.name
    return [match.filled(id=identity, name=event.name, params=params or None)]


@dataclass(frozen=True, slots=True)
class Transform:
    """A function that makes rows of a match, and the names that a rule must define for it."""

    rows: Callable[[EventMatch], list[JsonObject]]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def check(self, rule: EventRule) -> None:
        """Raise UsageError if a rule lacks a name."""
        lacking = [word for word in self.inputs if word not in rule.inputs]
        lacking += [word for word in self.outputs if word not in rule.outputs]
        if lacking:
            raise UsageError(f"the rule for {rule.event} must name {', '.join(lacking)}, as its transform needs them")


# The transform that stores a player's day of registration.
_REGISTRATION = "registration"

_ACTION_WORDS = ("id", "name", "params", "key", "value")

TRANSFORMS: Mapping[str, Transform] = {
    "copy": Transform(copy),
    "products": Transform(products, ("products", "cents"), ("item", "count", "price")),
    "total": Transform(total, ("quantity", "unit_price"), ("count", "total")),
    "statistic": Transform(statistic, ("statistic", "value", "previous"), ("level",)),
    _REGISTRATION: Transform(action, ("created",), _ACTION_WORDS),
    "action": Transform(action, (), _ACTION_WORDS),
}


def whole(value: Any) -> int | None:
    """Return a whole number within 64 bits, in any notation of JSON, or None."""
    if not _is_number(value) or value != value // 1 or not -(2**63) <= value < 2**63:
        return None
    return int(value)


def flattened(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each plain value as text with its dotted path; list elements by index, without null."""
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from flattened(inner, f"{path}.{name}" if path else str(name))
    elif value is not None:
        yield path, value if isinstance(value, str) else orjson.dumps(value).decode()


def _split(cents: Any, counts: list[int]) -> list[Any]:
    """Return the price in dollars of each count of units; the schema judges what is not in whole cents."""
    amount = whole(cents)
    if amount is None:
        return [None if _is_number(cents) else cents] * len(counts)
    unit = amount // sum(counts)
    parts = [unit * count for count in counts]
    parts[-1] = amount - sum(parts[:-1])
    # Division of integers rounds to the nearest float, as parsing the decimal number does.
    return [part / 100 for part in parts]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bounded(value: float) -> float | None:
    """Return a number that JSON can contain: a float beyond 64 bits, None beyond the range of floats."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        value = float(value)
    return value if isfinite(value) else None
