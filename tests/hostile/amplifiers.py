"""Bodies within the limits that may cost far more than their bytes."""

import json
from collections.abc import Callable
from functools import cache
from itertools import islice, product
from string import ascii_letters, digits
from typing import Any

from tests.hostile.messages import OPERATIONS

LIMIT = 15 * 2**20
HALF, MORE, LETTER = '{"key":"a"}', '{"key":"a","value":"b","z":1}', '"a"'
EVENT = {"EventName": "x", "EntityType": "player", "EntityId": "1", "EventId": "1"}
ACTION = {"user_id": "1", "action_id": "2", "action_name": "3"}
BOUGHT = {"EventName": "player_realmoney_purchase", "OrderTotal": 100}


def repeated(element: str, values: int) -> str:
    """Return a list of this many values in all, or of as many as fill a body."""
    values_each = 1 + sum(map(element.count, "{[,"))
    return f"[{','.join([element] * min(values // values_each, LIMIT // (len(element.encode()) + 1)))}]"


def compact(value: Any) -> str:
    """Return JSON without a byte too much."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@cache
def names(values: int) -> dict[str, int]:
    """Return an object of this many short names, or of as many as fill a body."""
    return dict.fromkeys(map("".join, islice(product(ascii_letters + digits, repeat=4), min(values, LIMIT // 9))), 0)


def event(**content: Any) -> str:
    return compact(EVENT | content)


def event_with(list_text: str) -> str:
    return event(a="@").replace('"@"', list_text)


def actions(text: str) -> str:
    return f'{{"actions": {text}}}'


def action_with(text: str, **fields: Any) -> str:
    return actions(f"[{compact(ACTION | fields)[:-1]}, {text}}}]")


# An operation, and a body for it with this many values.
AMPLIFIERS: dict[str, tuple[str, Callable[[int], str]]] = {
    "long name above many numbers": ("receive_playfab_events", lambda n: event(**{"k" * 2**20: [0] * min(n, 10_000)})),
    "numbers in an event": ("receive_playfab_events", lambda n: event_with(repeated("0", n))),
    "letters in an event": ("receive_playfab_events", lambda n: event_with(repeated('"a"', n))),
    "objects in an event": ("receive_playfab_events", lambda n: event_with(repeated('{"a":0}', n))),
    "names in an event": ("receive_playfab_events", lambda n: event(**names(n))),
    "products": ("receive_playfab_events", lambda n: event(**BOUGHT, PurchasedProduct=list(names(n)))),
    "products, each refused": (
        "receive_playfab_events",
        lambda n: event(**BOUGHT | {"OrderTotal": -1}, PurchasedProduct=list(names(n))),
    ),
    "events that are none": ("receive_playfab_events", lambda n: repeated("0", n)),
    "events of products": (
        "receive_playfab_events",
        lambda n: compact(
            [
                EVENT | BOUGHT | {"EventId": str(number), "PurchasedProduct": list(names(100))}
                for number in range(min(n // 110, 9000))
            ]
        ),
    ),
    "params that are none": ("push_actions", lambda n: action_with(f'"action_params": {repeated("0", n)}')),
    "params that are empty": ("push_actions", lambda n: action_with(f'"action_params": {repeated("{}", n)}')),
    "params by half": ("push_actions", lambda n: action_with(f'"action_params": {repeated(HALF, n)}')),
    "params beside a fault": (
        "push_actions",
        lambda n: action_with(f'"action_params": {repeated("{}", n)}', timestamp=5),
    ),
    "params with more": ("push_actions", lambda n: action_with(f'"action_params": {repeated(MORE, n)}')),
    "records of letters": ("push_actions", lambda n: actions(repeated('"a"', n))),
    "records of accents": ("push_actions", lambda n: actions(repeated('"é"', n))),
    "records of numbers": ("push_actions", lambda n: actions(repeated("1.5", n))),
    "records of lists": ("push_actions", lambda n: actions(repeated("[]", n))),
    "records of objects": ("push_actions", lambda n: actions(repeated('{"a":{}}', n))),
    "unknown names": ("push_actions", lambda n: compact({"actions": [ACTION | names(n)]})),
    "unknown names in the body": ("push_actions", lambda n: compact(names(n))),
    "id of letters": ("push_actions", lambda n: action_with(f'"user_id": {repeated(LETTER, n)}')),
    "numbers for a user": ("remove_user_data", lambda n: f'{{"id": {repeated("0", n)}}}'),
    "names for a user": ("remove_user_data", lambda n: compact(names(n))),
    "lists for a user": ("remove_user_data", lambda n: f'{{"id": {repeated("[]", n)}}}'),
}
# An operation, and a body for it that is large, but not by its number of values.
LARGE: dict[str, tuple[str, Callable[[], str]]] = {
    "long names, one in another": ("receive_playfab_events", lambda: event(**nested_names())),
    "unknown name": ("push_actions", lambda: compact({"actions": [ACTION | {"\x7f" * LIMIT: 0}]})),
    "unknown emoji": ("push_actions", lambda: compact({"actions": [ACTION | {"a" * LIMIT + "🎮": 0}]})),
    "id of emoji": ("push_actions", lambda: compact({"actions": [ACTION | {"user_id": "a" * LIMIT + "🎮"}]})),
    "digits": ("push_items", lambda: '{"items": [{"item_id": "1", "price": 1.%s}]}' % ("9" * LIMIT)),
    "language": ("push_logins", lambda: compact({"users": [{"user_id": "1", "language": "a-" * (LIMIT // 2)}]})),
    "every field of every record": ("push_logins", lambda: compact({"users": [faults()] * 1000})),
}


def purchase(number: int) -> dict[str, Any]:
    return EVENT | BOUGHT | {"EventId": str(number), "PurchasedProduct": list(names(100))}


def nested_names() -> dict[str, Any]:
    """Return objects in one another, each with a value and a long name: flattened, the names are all in each path."""
    value: dict[str, Any] = {"v": 0}
    for _ in range(60):
        value = {"k" * 100_000: value, "v": 0}
    return value


def faults() -> dict[str, Any]:
    body = OPERATIONS["push_logins"].body
    assert body is not None
    return dict.fromkeys(body.example["users"][0], [1] * 100)
