"""Realistic request bodies of `push_actions`, generated from a seed; each record has a timestamp."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import orjson

from traits_sandbox.contract.load import load
from traits_sandbox.contract.model import Contract, Operation

SEED = 12
USERS = 20_000
START = datetime(2019, 1, 1)

# Names of actions, and the parameters of each.
ACTIONS = (
    ("buy_item", ("item_id", "shop_id")),
    ("item_used", ("item_id", "item_name", "potion_strength")),
    ("fight_started", ("enemy_id", "enemy_health")),
    ("fight_won", ("enemy_id", "fight_id")),
    ("fast_travel", ("from_id", "to_id")),
    ("user_died", ("died_reason",)),
    ("level_finished", ("level_id", "stars", "seconds")),
)
WORDS = ("kingdom_a", "health-potion", "blunt-trauma", "armor_14", "100", "20000", "345344", "43.222")

# Changes that make a record invalid: a missing field, a wrong type, an empty text, a date that does not exist.
INVALID: tuple[tuple[str, Any], ...] = (
    ("action_name", None),
    ("user_id", 1001),
    ("action_id", ""),
    ("timestamp", "2019-02-30 15:04:05"),
)


@cache
def contract() -> Contract:
    """Return the contract of the benchmarked edition."""
    return load("2020-09")


@cache
def push() -> Operation:
    """Return the benchmarked operation."""
    return next(operation for operation in contract().operations if operation.id == "push_actions")


def body(count: int, *, bad: Iterable[int] = (), batch: int = 0) -> bytes:
    """Return a body with `count` records as JSON; the records at the positions `bad` are invalid.

    Each `batch` has other records.
    """
    records = _records(count, batch)
    for number, position in enumerate(bad):
        name, value = INVALID[number % len(INVALID)]
        records[position][name] = value
        if value is None:
            del records[position][name]
    operation = push()
    assert operation.body is not None
    return orjson.dumps({operation.body.collection: records})


def _records(count: int, batch: int) -> list[dict[str, Any]]:
    random = Random(f"{SEED}/{batch}")
    users, actions = random.choices(range(USERS), k=count), random.choices(ACTIONS, k=count)
    words = iter(random.choices(WORDS, k=3 * count))
    first = START + timedelta(seconds=batch * 1000)
    return [
        {
            "timestamp": str(first + timedelta(seconds=number)),
            "user_id": str(100_000 + user),
            "action_id": str(2000 + 7 * number),
            "action_name": name,
            "action_params": [{"key": key, "value": next(words)} for key in keys],
        }
        for number, (user, (name, keys)) in enumerate(zip(users, actions, strict=True))
    ]
