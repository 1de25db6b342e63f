"""What a match accepts, refuses, and says of what comes near."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traits_sandbox.control.matching import MAX_DEPTH, MAX_NODES, Matcher, MatchError

PURCHASE = {"user_id": "1001", "price": 12.5, "count": 1, "gift": False, "tags": ["a", "b"], "at": None}
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", max_size=2), inner, max_size=3)
)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"user_id": "1001"},
        {"price": 12.5, "count": 1.0},
        {"gift": False, "at": None},
        {"tags": []},
        {"tags": ["b", "a"]},
        {"tags": [{"regex": "^a$"}]},
        {"price": {"gt": 12, "lte": 12.5}},
        {"price": {"gte": 12.5, "lt": 13}},
        {"user_id": {"gt": "1000", "lt": "2"}},
        {"user_id": {"ne": "1002"}},
        {"count": {"in": [3, 1]}},
        {"user_id": {"regex": "^1\\d+1$"}},
        {"user_id": {"contains": "00"}},
        {"tags": {"contains": "b"}},
        {"tags": {"contains": {"in": ["b", "c"]}}},
        {"currency": {"exists": False}},
        {"at": {"exists": True}},
    ],
)
def test_what_matches(spec: Any) -> None:
    assert (Matcher.of(spec).matches(PURCHASE), Matcher.of(spec).misses(PURCHASE)) == (True, [])


@pytest.mark.parametrize(
    ("spec", "misses"),
    [
        ({"user_id": "1002"}, ['user_id is "1001", not "1002"']),
        ({"currency": "EUR"}, ['currency is absent, not "EUR"']),
        ({"at": {"exists": False}}, ["at is null: it should not be there"]),
        ({"currency": {"ne": "EUR"}}, ['currency is absent: it should not be "EUR"']),
        ({"count": True}, ["count is 1, not true"]),
        ({"gift": 0}, ["gift is false, not 0"]),
        ({"gift": {"lt": 1}}, ["gift is false: it is not less than 1"]),
        ({"price": {"gt": 13}}, ["price is 12.5: it is not greater than 13"]),
        ({"price": {"gt": "13"}}, ['price is 12.5: it is not greater than "13"']),
        ({"count": {"in": [2, True]}}, ["count is 1: it is not one of [2,true]"]),
        ({"user_id": {"regex": "^x"}}, ['user_id is "1001": it does not fit "^x"']),
        ({"count": {"regex": "1"}}, ['count is 1: it does not fit "1"']),
        ({"tags": ["a", "c"]}, ['tags[0] is "a", not "c"']),
        ({"tags": {"contains": "c"}}, ['tags is ["a","b"]: it does not contain "c"']),
        ({"user_id": {"contains": 1}}, ['user_id is "1001": it does not contain 1']),
        ({"price": {"currency": "EUR"}}, ["price is 12.5, not an object"]),
        ({"price": ["a"]}, ["price is 12.5, not a list"]),
        ({"user_id": "1", "count": 2}, ['user_id is "1001", not "1"', "count is 1, not 2"]),
    ],
)
def test_mismatches_are_reported(spec: Any, misses: list[str]) -> None:
    assert (Matcher.of(spec).matches(PURCHASE), Matcher.of(spec).misses(PURCHASE)) == (False, misses)


def test_the_nearest_element_of_a_list_is_reported() -> None:
    matcher = Matcher.of({"purchases": [{"user_id": "1", "price": 2}]})
    value = {"purchases": [{"user_id": "2", "price": 3}, {"user_id": "1", "price": 3}]}
    assert matcher.misses(value) == ["purchases[1].price is 3, not 2"]
    assert matcher.misses({"purchases": []}) == ["purchases is an empty list"]


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"a": {"gt": 1, "b": 2}}, "a: mixes operators (gt) with names of members"),
        ({"a": {"gt": None}}, "a: gt compares with a number or a text"),
        ({"a": {"lt": True}}, "a: lt compares with a number or a text"),
        ({"a": [{"in": 5}]}, "a[0]: in needs a list of values"),
        ({"a": {"exists": 1}}, "a: exists needs true or false"),
        ({"a": {"regex": 1}}, "a: regex needs a regular expression as a string"),
        (
            {"a": {"regex": "("}},
            'a: regex "(" is not a regular expression, or has look-around or back-references, which are not supported',
        ),
        (
            {"a": {"contains": {"regex": "["}}},
            'contains: regex "[" is not a regular expression, or has look-around or back-references, '
            "which are not supported",
        ),
        ([[]] * MAX_NODES, f"a match may hold at most {MAX_NODES} values"),
    ],
)
def test_a_match_that_makes_no_sense_is_refused(spec: Any, sentence: str) -> None:
    with pytest.raises(MatchError, match=f"^{re.escape(sentence)}$"):
        Matcher.of(spec)


def test_a_match_that_is_too_deep_is_refused() -> None:
    spec: Any = 1
    for _ in range(MAX_DEPTH):
        spec = {"ne": [spec]}
    with pytest.raises(MatchError, match="levels deep"):
        Matcher.of(spec)


@given(VALUES)
def test_every_value_matches_itself(value: Any) -> None:
    assert Matcher.of(value).matches(value)


@given(VALUES, VALUES)
def test_whatever_does_not_match_has_a_reason(spec: Any, value: Any) -> None:
    matcher = Matcher.of(spec)
    assert matcher.matches(value) == (matcher.misses(value) == [])


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a?){40}a{40}$", "(.*a){12}", "((a*)*)*$"])
def test_no_pattern_takes_longer_than_its_text_is_long(pattern: str) -> None:
    Matcher.of({"regex": pattern}).matches("a" * 20_000 + "!")


@pytest.mark.parametrize("pattern", ["(", "(?=a)", "(?<!a)b", "(a)\\1", "*", "a{3,2}", "\\", "((a{999}){999}){999}"])
def test_a_pattern_that_cannot_be_judged_in_linear_time_is_refused(pattern: str) -> None:
    with pytest.raises(MatchError, match="regular expression"):
        Matcher.of({"regex": pattern})
