"""What people read: the exact line for each kind of fault."""

from typing import Any, get_args, get_type_hints

import orjson
import pytest

from tests.derive.judges import refusal_of
from traits_sandbox.contract.model import Contract, Field
from traits_sandbox.derive.bodies import BodySchema
from traits_sandbox.derive.places import dotted, pointer
from traits_sandbox.derive.records import RecordSchema
from traits_sandbox.derive.sentences import BOUNDS, bounds, demand, excerpt, nearest

ACTION = {"user_id": "1", "action_id": "2", "action_name": "n"}
LOGIN = {"user_id": "1"}
PURCHASE = {"user_id": "1", "item_id": "2", "count": 1, "price": 1}
KPI = {"user_id": "1", "kpi_id": "k", "value": 1}
SOCIAL = {"user_id": "1", "target_user_id": "2", "connection": "linked", "interaction": "party"}


def schema(contract: Contract, operation_id: str) -> BodySchema:
    return BodySchema(contract, next(each for each in contract.operations if each.id == operation_id))


def lines(contract: Contract, operation_id: str, raw: bytes) -> list[str]:
    refusal = refusal_of(schema(contract, operation_id), raw)
    return [str(violation) for violation in refusal.violations] if refusal else []


@pytest.mark.parametrize(
    ("operation", "rows", "line"),
    [
        (
            "push_purchases",
            [PURCHASE] * 3 + [PURCHASE | {"price": -1}],
            "purchases[3].price: must be a positive number, got -1",
        ),
        ("push_purchases", [PURCHASE | {"price": 0}], "purchases[0].price: must be a positive number, got 0"),
        ("push_purchases", [PURCHASE | {"price": "1"}], 'purchases[0].price: must be a number, got "1"'),
        ("push_purchases", [PURCHASE | {"count": 0}], "purchases[0].count: must be 1 or more, got 0"),
        ("push_purchases", [PURCHASE | {"count": 1.5}], "purchases[0].count: must be an integer, got 1.5"),
        ("push_purchases", [PURCHASE | {"count": True}], "purchases[0].count: must be an integer, got true"),
        ("push_purchases", [PURCHASE | {"user_id": ""}], 'purchases[0].user_id: must not be empty, got ""'),
        ("push_purchases", [PURCHASE | {"user_id": None}], "purchases[0].user_id: must be a string, got null"),
        (
            "push_purchases",
            [{**PURCHASE, "platform": {"a": 1}}],
            'purchases[0].platform: must be a string, got {"a":1}',
        ),
        (
            "push_purchases",
            [PURCHASE | {"timestamp": "2019-01-01T15:04:05"}],
            'purchases[0].timestamp: must be a date and time as YYYY-MM-DD HH:MM:SS, got "2019-01-01T15:04:05"',
        ),
        (
            "push_purchases",
            [PURCHASE | {"timestamp": 1546354800}],
            "purchases[0].timestamp: must be a string with a date and time as YYYY-MM-DD HH:MM:SS, got 1546354800",
        ),
        ("push_purchases", [1], "purchases[0]: must be an object, got 1"),
        (
            "push_actions",
            [ACTION | {"action_params": [{"key": "k", "value": "v"}, {"key": "k", "value": 5}]}],
            "actions[0].action_params[1].value: must be a string, got 5",
        ),
        (
            "push_actions",
            [ACTION | {"action_params": [{"key": "k"}]}],
            "actions[0].action_params[0].value: is required",
        ),
        (
            "push_actions",
            [ACTION | {"action_params": ["k"]}],
            'actions[0].action_params[0]: must be an object, got "k"',
        ),
        (
            "push_actions",
            [ACTION | {"action_params": {"k": "v"}}],
            'actions[0].action_params: must be a list of objects, got {"k":"v"}',
        ),
        ("push_logins", [LOGIN | {"level": -1}], "users[0].level: must be 0 or more, got -1"),
        (
            "push_logins",
            [LOGIN | {"country": "USA"}],
            'users[0].country: must be a country code of two letters, got "USA"',
        ),
        (
            "push_logins",
            [LOGIN | {"language": "en_US"}],
            'users[0].language: must be a language tag such as en-US, got "en_US"',
        ),
        (
            "push_logins",
            [LOGIN | {"register_date": "2019-02-29"}],
            'users[0].register_date: must be a date as YYYY-MM-DD, got "2019-02-29"',
        ),
        (
            "push_social_dynamics",
            [SOCIAL | {"connection": "Linked"}],
            'social_dynamics[0].connection: must be one of linked, unlinked, got "Linked"',
        ),
    ],
)
def test_a_fault_of_a_record_is_one_line(contract: Contract, operation: str, rows: list[Any], line: str) -> None:
    collection = line.partition("[")[0]
    assert lines(contract, operation, orjson.dumps({collection: rows})) == [line]


def test_each_missing_field_is_a_line(contract: Contract) -> None:
    found = lines(contract, "push_purchases", b'{"purchases": [{"user_id": "1", "count": 1}]}')
    assert found == ["purchases[0].item_id: is required", "purchases[0].price: is required"]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b'{"purchases": []}', "purchases: must hold at least 1 of them, got 0"),
        (b'{"purchases": 5}', "purchases: must be a list of objects, got 5"),
        (b'{"purchases": {"0": 1}}', 'purchases: must be a list of objects, got {"0":1}'),
        (b'{"purchases": null}', "purchases: must be a list of objects, got null"),
        (b'{"purchase": []}', 'purchases: is required (found "purchase" instead)'),
        (b'{"events": []}', 'purchases: is required (found "events" instead)'),
        (b"{}", "purchases: is required"),
        (b"5", "body: must be a JSON object, got 5"),
        (b'"purchases"', 'body: must be a JSON object, got "purchases"'),
        (b"[]", "body: must be a JSON object, got []"),
        (b"null", "body: must be a JSON object, got null"),
        (b"", "body: is empty, send a JSON object"),
        (b" \n", "body: is empty, send a JSON object"),
        (
            b'{"purchases": [}',
            "body: is not valid JSON: unexpected character, expected a JSON value: line 1 column 16 (char 15)",
        ),
    ],
)
def test_a_fault_of_the_body_is_one_line(contract: Contract, raw: bytes, line: str) -> None:
    (found,) = lines(contract, "push_purchases", raw)
    # Where JSON breaks off is orjson's to say, and its words change from version to version.
    assert found.partition("JSON: ")[:2] == line.partition("JSON: ")[:2]


def test_one_record_above_the_limit_is_reported_with_both_numbers(contract: Contract) -> None:
    raw = orjson.dumps({"purchases": [PURCHASE] * 1001})
    assert lines(contract, "push_purchases", raw) == ["purchases: must hold at most 1000 of them, got 1001"]


def test_a_body_without_records_is_described_by_its_fields(contract: Contract) -> None:
    assert lines(contract, "remove_user_data", b'{"id": 5}') == ["id: must be a string, got 5"]
    assert lines(contract, "remove_user_data", b'{"user_id": "5"}') == ['id: is required (found "user_id" instead)']


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (PURCHASE | {"platfrom": "x"}, "purchases[0].platfrom: unknown field platfrom: did you mean platform?"),
        (PURCHASE | {"q": "x"}, "purchases[0].q: unknown field q"),
    ],
)
def test_an_unknown_field_is_accepted_and_named(contract: Contract, row: dict[str, Any], line: str) -> None:
    accepted = schema(contract, "push_purchases").read(orjson.dumps({"purchases": [row]}))
    assert [str(unknown) for unknown in accepted.unknown] == [line]


def test_unknown_fields_are_named_at_every_depth(contract: Contract) -> None:
    row = ACTION | {"action_params": [{"key": "k", "value": "v", "values": 1}]}
    accepted = schema(contract, "push_actions").read(orjson.dumps({"actions": [row], "sent_by": "x"}))
    assert [unknown.where for unknown in accepted.unknown] == ["sent_by", "actions[0].action_params[0].values"]


def test_a_violation_leads_to_its_place(contract: Contract) -> None:
    row = ACTION | {"action_params": [{"key": "k", "value": 5}]}
    refusal = refusal_of(schema(contract, "push_actions"), orjson.dumps({"actions": [ACTION, row]}))
    assert refusal
    (violation,) = refusal.violations
    assert violation.pointer == "/actions/1/action_params/0/value"
    assert (violation.field, violation.key, violation.record) == ("action_params[0].value", "action_params", 1)
    assert (violation.rule, violation.value) == ("type", "5")


def test_the_sentence_of_a_format_that_may_be_empty_says_so(contract: Contract) -> None:
    judge = RecordSchema(contract, contract.record("Kpi"))
    (violation,) = judge.violations(KPI | {"churn_date": "soon"})
    assert violation.message == "must be a date as YYYY-MM-DD, or empty"


def test_an_attribute_must_be_text(contract: Contract) -> None:
    judge = RecordSchema(contract, contract.record("Survey"))
    found = [str(each) for each in judge.violations({"user_id": "1", "colour": 5, "": 6, "00": 7})]
    assert found == ["colour: must be a string, got 5", ": must be a string, got 6", "00: must be a string, got 7"]


@pytest.mark.parametrize(
    ("rule", "bound", "words"),
    [
        ("exclusiveMinimum", 5, "must be greater than 5"),
        ("minimum", 0.5, "must be 0.5 or more"),
        ("exclusiveMaximum", 5, "must be less than 5"),
        ("maximum", 100, "must be 100 or less"),
        ("minLength", 1, "must not be empty"),
        ("minLength", 2, "must have 2 characters or more"),
        ("maxLength", 9, "must have 9 characters or fewer"),
        ("multipleOf", 2, "must keep the rule multipleOf"),
    ],
)
def test_every_rule_has_words(rule: str, bound: float, words: str) -> None:
    assert demand(rule, bound, Field(name="f", type="float", required=True)) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ("x" * 60, '"' + "x" * 38 + "…"),
        (2**70, str(2**70)),
        ("\ud800", "'\\ud800'"),
        ({"a": "\ud800"}, "{…}"),
    ],
)
def test_an_excerpt_is_short_json(value: Any, text: str) -> None:
    assert excerpt(value) == text


def test_an_excerpt_of_a_deep_value_is_short_too() -> None:
    assert excerpt(orjson.loads(b"[" * 1000 + b"]" * 1000)) == "[…]"


def test_a_place_is_written_for_people_and_for_programs() -> None:
    assert dotted(["actions", 0, "action_params", 1, "value"]) == "actions[0].action_params[1].value"
    assert pointer("a/b", "~", 0) == "/a~1b/~0/0"


def test_the_nearest_name_is_near() -> None:
    assert nearest("platfrom", ["user_id", "platform"]) == "platform"
    assert nearest("colour", ["user_id", "platform"]) == ""


def test_each_bound_of_a_field_has_words() -> None:
    numeric = {name for name, hint in get_type_hints(Field).items() if int in get_args(hint)}
    assert numeric == BOUNDS.keys()


def test_the_bounds_of_a_field_are_short_phrases() -> None:
    number = Field(name="n", type="int", required=True, minimum=0, exclusive_maximum=9)
    text = Field(name="t", type="string", required=True, min_length=1, max_length=64)
    assert bounds(number) == ["at least 0", "below 9"]
    assert bounds(text) == ["at least 1 character", "at most 64 characters"]
