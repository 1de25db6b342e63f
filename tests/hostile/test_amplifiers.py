"""Bodies within the limit that cost far more than their bytes: each against a sandbox of its own."""

import json
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path
from string import ascii_letters, digits
from typing import Any

import pytest

from tests.hostile.cases import REFUSED, TAKEN
from tests.hostile.checks import Judge, unharmed
from tests.hostile.messages import OPERATIONS, dumped
from tests.wire.served import serving

LIMIT = 15 * 2**20
HALF, MORE, LETTER = '{"key":"a"}', '{"key":"a","value":"b","z":1}', '"a"'
EVENT = {"EventName": "x", "EntityType": "player", "EntityId": "1", "EventId": "1"}
ACTION = {"user_id": "1", "action_id": "2", "action_name": "3"}
BOUGHT = {"EventName": "player_realmoney_purchase", "OrderTotal": 100}


def repeated(element: str) -> str:
    """Return a list of so many elements that it fills a body, or holds a million objects or lists."""
    times = LIMIT // (len(element.encode()) + 1)
    return f"[{','.join([element] * (min(times, 900_000) if '{' in element or '[' in element else times))}]"


def compact(value: Any) -> str:
    """Return JSON without a byte too much."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def names(count: int) -> dict[str, int]:
    """Return an object of short names."""
    return dict.fromkeys(map("".join, islice(product(ascii_letters + digits, repeat=4), count)), 0)


def event(**content: Any) -> str:
    return compact(EVENT | content)


def event_with(list_text: str) -> str:
    return event(a="@").replace('"@"', list_text)


def actions(text: str) -> str:
    return f'{{"actions": {text}}}'


def action_with(text: str, **fields: Any) -> str:
    return actions(f"[{compact(ACTION | fields)[:-1]}, {text}}}]")


AMPLIFIERS: dict[str, tuple[str, Callable[[], str]]] = {
    "long name above many numbers": ("receive_playfab_events", lambda: event(**{"k" * 2**20: [0] * 1000})),
    "long names, one in another": ("receive_playfab_events", lambda: event(**nested_names())),
    "numbers in an event": ("receive_playfab_events", lambda: event_with(repeated("0"))),
    "letters in an event": ("receive_playfab_events", lambda: event_with(repeated('"a"'))),
    "objects in an event": ("receive_playfab_events", lambda: event_with(repeated('{"a":0}'))),
    "names in an event": ("receive_playfab_events", lambda: event(**names(1_700_000))),
    "products": ("receive_playfab_events", lambda: event(**BOUGHT, PurchasedProduct=list(names(1_000_000)))),
    "products, each refused": (
        "receive_playfab_events",
        lambda: event(**BOUGHT | {"OrderTotal": -1}, PurchasedProduct=list(names(1_000_000))),
    ),
    "events that are none": ("receive_playfab_events", lambda: repeated("0")),
    "events of products": (
        "receive_playfab_events",
        lambda: compact(
            [EVENT | BOUGHT | {"EventId": str(n), "PurchasedProduct": list(names(100))} for n in range(9000)]
        ),
    ),
    "params that are none": ("push_actions", lambda: action_with(f'"action_params": {repeated("0")}')),
    "params that are empty": ("push_actions", lambda: action_with(f'"action_params": {repeated("{}")}')),
    "params by half": ("push_actions", lambda: action_with(f'"action_params": {repeated(HALF)}')),
    "params beside a fault": ("push_actions", lambda: action_with(f'"action_params": {repeated("{}")}', timestamp=5)),
    "params with more": ("push_actions", lambda: action_with(f'"action_params": {repeated(MORE)}')),
    "records of letters": ("push_actions", lambda: actions(repeated('"a"'))),
    "records of accents": ("push_actions", lambda: actions(repeated('"é"'))),
    "records of numbers": ("push_actions", lambda: actions(repeated("1.5"))),
    "records of lists": ("push_actions", lambda: actions(repeated("[]"))),
    "records of objects": ("push_actions", lambda: actions(repeated('{"a":{}}'))),
    "unknown names": ("push_actions", lambda: compact({"actions": [ACTION | names(1_700_000)]})),
    "unknown names in the body": ("push_actions", lambda: compact(names(1_700_000))),
    "unknown name": ("push_actions", lambda: compact({"actions": [ACTION | {"\x7f" * LIMIT: 0}]})),
    "unknown emoji": ("push_actions", lambda: compact({"actions": [ACTION | {"a" * LIMIT + "🎮": 0}]})),
    "id of letters": ("push_actions", lambda: action_with(f'"user_id": {repeated(LETTER)}')),
    "id of emoji": ("push_actions", lambda: compact({"actions": [ACTION | {"user_id": "a" * LIMIT + "🎮"}]})),
    "digits": ("push_items", lambda: '{"items": [{"item_id": "1", "price": 1.%s}]}' % ("9" * LIMIT)),
    "language": ("push_logins", lambda: compact({"users": [{"user_id": "1", "language": "a-" * (LIMIT // 2)}]})),
    "every field of every record": ("push_logins", lambda: compact({"users": [faults()] * 1000})),
    "names for a user": ("remove_user_data", lambda: compact(names(1_700_000))),
    "numbers for a user": ("remove_user_data", lambda: f'{{"id": {repeated("0")}}}'),
    "lists for a user": ("remove_user_data", lambda: f'{{"id": {repeated("[]")}}}'),
}


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


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    with serving(tmp_path) as served, unharmed(served) as judge:
        yield judge


@pytest.mark.parametrize("name", AMPLIFIERS)
def test_a_body_within_the_limit_costs_no_more_than_a_body(name: str, judge: Judge) -> None:
    operation_id, make = AMPLIFIERS[name]
    content = make().encode()
    assert len(content) <= 16 * 2**20
    judge.try_content(OPERATIONS[operation_id], content, TAKEN | REFUSED)


def test_what_was_accepted_can_be_deleted(judge: Judge) -> None:
    # A push keeps what it does not know; when a neighbour goes, the batch is written anew.
    deep = "[" * 200 + "]" * 200
    for operation_id, record in {"push_level_ups": '{"user_id": "%s", "level": 1%s}'}.items():
        rows = [record % ("stays", f', "surplus": {deep}'), record % ("goes", "")]
        judge.try_content(OPERATIONS[operation_id], f'{{"level_ups": [{",".join(rows)}]}}'.encode(), TAKEN, key="deep")
    judge.try_content(OPERATIONS["remove_user_data"], dumped({"id": "goes"}), TAKEN, key="deep")
