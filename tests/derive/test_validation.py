"""Bounds and hostile bodies: however bad, a verdict comes, and it stays small."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.derive.judges import BodyJudge, refusal_of, value_at
from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.bodies import MAX_UNKNOWN, BodySchema, parse
from traits_sandbox.derive.records import RecordSchema
from traits_sandbox.derive.sentences import excerpt
from traits_sandbox.derive.violations import MAX_VIOLATIONS
from traits_sandbox.errors import BadRequest

PURCHASE: dict[str, Any] = {"user_id": "1", "item_id": "2", "count": 1, "price": 1}
DEPTHS = (2, 250, 300, 900, 1000)


@pytest.fixture(scope="module")
def purchases(contract: Contract) -> BodySchema:
    return BodySchema(contract, next(each for each in contract.operations if each.id == "push_purchases"))


@pytest.fixture(scope="module")
def actions(contract: Contract) -> BodySchema:
    return BodySchema(contract, next(each for each in contract.operations if each.id == "push_actions"))


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_violations_are_kept_up_to_a_bound_and_counted_beyond(purchases: BodySchema) -> None:
    raw = orjson.dumps({"purchases": [PURCHASE | {"count": 0, "price": 0}] * 1000})
    refusal = refusal_of(purchases, raw)
    assert refusal
    assert len(refusal.violations) == MAX_VIOLATIONS == 1000
    assert refusal.violation_count == 2000


def test_the_first_invalid_record_is_reported_first(purchases: BodySchema) -> None:
    raw = orjson.dumps({"purchases": [PURCHASE, PURCHASE | {"price": 0}, PURCHASE | {"count": 0}]})
    refusal = refusal_of(purchases, raw)
    assert refusal
    assert [violation.record for violation in refusal.violations] == [1, 2]


def test_one_place_has_one_violation(purchases: BodySchema) -> None:
    raw = orjson.dumps({"purchases": [PURCHASE | {"timestamp": "2019-01-01 15:04:05 and more"}]})
    refusal = refusal_of(purchases, raw)
    assert refusal
    assert refusal.violation_count == 1


def test_unknown_fields_are_named_up_to_a_bound(purchases: BodySchema) -> None:
    raw = orjson.dumps({"purchases": [PURCHASE | {"more": 1}] * 1000})
    assert len(purchases.read(raw).unknown) == MAX_UNKNOWN


def test_a_body_without_surprises_has_no_unknown_fields(purchases: BodySchema) -> None:
    accepted = purchases.read(orjson.dumps({"purchases": [PURCHASE]}))
    assert (accepted.body, accepted.unknown) == ({"purchases": [PURCHASE]}, ())


def test_the_last_of_repeated_keys_wins(purchases: BodySchema) -> None:
    assert purchases.read(b'{"purchases": [], "purchases": [' + orjson.dumps(PURCHASE) + b"]}")
    assert refusal_of(purchases, b'{"purchases": [' + orjson.dumps(PURCHASE) + b'], "purchases": []}')


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b'{"actions": ', b"}"),
        (b'{"actions": [', b"]}"),
        (b'{"actions": [{"user_id": ', b"}]}"),
        (b'{"actions": [{"action_params": ', b"}]}"),
        (b'{"actions": [{"action_params": [{"key": ', b"}]}]}"),
    ],
)
def test_a_deeply_nested_value_in_the_wrong_place_is_refused(
    actions: BodySchema, depth: int, before: bytes, after: bytes
) -> None:
    refusal = refusal_of(actions, before + nested(depth) + after)
    assert refusal
    assert all(len(str(violation)) < 200 for violation in refusal.violations)


def test_a_deeply_nested_value_in_an_unknown_field_is_accepted(purchases: BodySchema) -> None:
    raw = b'{"purchases": [%b], "more": %b}' % (orjson.dumps(PURCHASE), nested(200))
    assert [each.name for each in purchases.read(raw).unknown] == ["more"]


@pytest.mark.parametrize("depth", [300, 900, 1000])
def test_a_body_that_cannot_be_written_again_is_refused(purchases: BodySchema, depth: int) -> None:
    raw = b'{"purchases": [%b], "more": %b}' % (orjson.dumps(PURCHASE), nested(depth))
    with pytest.raises(BadRequest) as refused:
        purchases.read(raw)
    assert [str(violation) for violation in refused.value.violations] == ["body: is nested too deeply"]


def test_more_nesting_than_the_parser_takes_is_refused() -> None:
    with pytest.raises(BadRequest):
        parse(nested(100_000))


def test_a_text_that_no_json_holds_is_judged_all_the_same(contract: Contract) -> None:
    judge = RecordSchema(contract, contract.record("Item"))
    assert not judge.is_valid({"\ud800": 1})


def test_every_violation_points_into_the_sent_body(body_judge: BodyJudge) -> None:
    body = body_judge.operation.body
    assert body
    for value in _spoilt(body.example):
        refusal = refusal_of(body_judge.ours, orjson.dumps(value))
        for violation in refusal.violations if refusal else ():
            assert violation.rule == "required" or excerpt(value_at(value, violation.pointer)) == violation.value


def _spoilt(value: Any) -> Iterator[Any]:
    """Yield the value with each of its members once replaced by a number no field takes, and once left out."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, member in members:
        for instead in (-1.5, *_spoilt(member)):
            yield {**value, step: instead} if isinstance(value, dict) else [*value[:step], instead, *value[step + 1 :]]
        if isinstance(value, dict):
            yield {name: each for name, each in value.items() if name != step}
