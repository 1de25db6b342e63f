"""Matches JSON values against a pattern: a part of the value, with operators.

An object matches if each of its members matches the member of that name in the value; a list, if each of its elements
matches some element of the value; anything else if it is equal (1 and 1.0 are, 1 and true are not). An object whose
keys are all operators is a set of conditions that must all hold.
An absent member matches only `{"exists": false}`.
"""

import operator
from collections.abc import Callable, Iterable
from typing import Any, Final

from traits_sandbox.derive.compiled import TextPattern
from traits_sandbox.derive.sentences import excerpt, short
from traits_sandbox.errors import UsageError

MAX_DEPTH: Final = 32
MAX_NODES: Final = 1000

# The number of list elements that are compared to find the nearest one.
MAX_COMPARED: Final = 100


class MatchError(UsageError):
    """The pattern is invalid; the message says where and why."""


class Absent:
    """Marks an absent member."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = Absent()

Test = Callable[[Any], bool]
"""Returns whether a value meets one condition."""


class Matcher:
    """A pattern for JSON values."""

    @staticmethod
    def of(spec: Any) -> "Matcher":
        """Return the matcher of a pattern; raises MatchError if it is invalid."""
        _bound(spec)
        return _matcher(spec, "")

    def matches(self, value: Any) -> bool:
        """Return whether a value matches."""
        raise NotImplementedError

    def misses(self, value: Any, at: str = "") -> list[str]:
        """Return a sentence for each mismatch within a value; `place` is where the value is."""
        raise NotImplementedError


class _Equal(Matcher):
    def __init__(self, expected: Any) -> None:
        self._expected = expected

    def matches(self, value: Any) -> bool:
        return equal(self._expected, value)

    def misses(self, value: Any, at: str = "") -> list[str]:
        return [] if self.matches(value) else [f"{_named(at)} is {_shown(value)}, not {_shown(self._expected)}"]


class _Object(Matcher):
    def __init__(self, members: dict[str, Matcher]) -> None:
        self._members = members

    def matches(self, value: Any) -> bool:
        return isinstance(value, dict) and all(
            member.matches(value.get(name, ABSENT)) for name, member in self._members.items()
        )

    def misses(self, value: Any, at: str = "") -> list[str]:
        if not isinstance(value, dict):
            return [f"{_named(at)} is {_shown(value)}, not an object"]
        members = self._members.items()
        return [miss for name, member in members for miss in member.misses(value.get(name, ABSENT), _inner(at, name))]


class _List(Matcher):
    def __init__(self, elements: list[Matcher]) -> None:
        self._elements = elements

    def matches(self, value: Any) -> bool:
        return isinstance(value, list) and all(any(map(element.matches, value)) for element in self._elements)

    def misses(self, value: Any, at: str = "") -> list[str]:
        if not isinstance(value, list):
            return [f"{_named(at)} is {_shown(value)}, not a list"]
        unmet = (element for element in self._elements if not any(map(element.matches, value)))
        return [miss for element in unmet for miss in _nearest(element, value, at)]


class _Conditions(Matcher):
    def __init__(self, conditions: list[tuple[str, Test]]) -> None:
        self._conditions = conditions

    def matches(self, value: Any) -> bool:
        return all(test(value) for _, test in self._conditions)

    def misses(self, value: Any, at: str = "") -> list[str]:
        return [f"{_named(at)} is {_shown(value)}: it {words}" for words, test in self._conditions if not test(value)]


def _nearest(element: Matcher, values: list[Any], at: str) -> list[str]:
    """Return the mismatches of the list element that is nearest to an element of the pattern."""
    found = (element.misses(value, f"{at}[{index}]") for index, value in enumerate(values[:MAX_COMPARED]))
    return min(found, key=len, default=[f"{_named(at)} is an empty list"])


def equal(left: Any, right: Any) -> bool:
    """Return whether two JSON values are equal: numbers by value; a boolean is not a number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[name]) for name, value in left.items())
    return bool(left == right)


def _bound(spec: Any) -> None:
    """Raise MatchError if a pattern is too large: the cost is its size times the size of the value."""
    level, nodes = [spec], 0
    for _ in range(MAX_DEPTH):
        nodes += len(level)
        if nodes > MAX_NODES:
            raise MatchError(f"a match may hold at most {MAX_NODES} values")
        level = [inner for each in level for inner in _contents(each)]
    if level:
        raise MatchError(f"a match may be at most {MAX_DEPTH} levels deep")


def _contents(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _matcher(spec: Any, at: str) -> Matcher:
    if isinstance(spec, list):
        return _List([_matcher(each, f"{at}[{index}]") for index, each in enumerate(spec)])
    if not isinstance(spec, dict):
        return _Equal(spec)
    operators = spec.keys() & OPERATORS.keys()
    if not operators:
        return _Object({name: _matcher(each, _inner(at, name)) for name, each in spec.items()})
    if len(operators) < len(spec):
        raise MatchError(f"{_named(at)}: mixes operators ({', '.join(sorted(operators))}) with names of members")
    return _Conditions([_condition(name, operand, at) for name, operand in spec.items()])


def _condition(name: str, operand: Any, at: str) -> tuple[str, Test]:
    try:
        return OPERATORS[name](operand)
    except _BadOperand as fault:
        raise MatchError(f"{_named(at)}: {name} {fault}") from None


class _BadOperand(Exception):
    """An invalid operand, with the reason as the rest of a sentence."""


Operator = Callable[[Any], tuple[str, Test]]
"""Makes a condition from an operand, and the message for a value that does not meet it."""


def _ordered(words: str, compare: Callable[[Any, Any], bool]) -> Operator:
    def make(operand: Any) -> tuple[str, Test]:
        kind = str if isinstance(operand, str) else (int, float)
        if not isinstance(operand, kind) or isinstance(operand, bool):
            raise _BadOperand("compares with a number or a text")

        def test(value: Any) -> bool:
            return isinstance(value, kind) and not isinstance(value, bool) and compare(value, operand)

        return f"is not {words} {_shown(operand)}", test

    return make


def _differs(operand: Any) -> tuple[str, Test]:
    return f"should not be {_shown(operand)}", lambda value: value is not ABSENT and not equal(operand, value)


def _among(operand: Any) -> tuple[str, Test]:
    if not isinstance(operand, list):
        raise _BadOperand("needs a list of values")
    return f"is not one of {_shown(operand)}", lambda value: any(equal(each, value) for each in operand)


def _fits(operand: Any) -> tuple[str, Test]:
    if not isinstance(operand, str):
        raise _BadOperand("needs a regular expression as a string")
    try:
        pattern = TextPattern(operand)
    except ValueError:
        reason = "is not a regular expression, or has look-around or back-references, which are not supported"
        raise _BadOperand(f"{_shown(operand)} {reason}") from None
    return f"does not fit {_shown(operand)}", lambda value: isinstance(value, str) and pattern.found_in(value)


def _exists(operand: Any) -> tuple[str, Test]:
    if not isinstance(operand, bool):
        raise _BadOperand("needs true or false")
    words = "should be there" if operand else "should not be there"
    return words, lambda value: (value is not ABSENT) is operand


def _contains(operand: Any) -> tuple[str, Test]:
    element = _matcher(operand, "contains")

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return isinstance(operand, str) and operand in value
        return isinstance(value, list) and any(map(element.matches, value))

    return f"does not contain {_shown(operand)}", test


OPERATORS: Final[dict[str, Operator]] = {
    "gt": _ordered("greater than", operator.gt),
    "gte": _ordered("greater than or equal to", operator.ge),
    "lt": _ordered("less than", operator.lt),
    "lte": _ordered("less than or equal to", operator.le),
    "ne": _differs,
    "in": _among,
    "regex": _fits,
    "exists": _exists,
    "contains": _contains,
}


def _inner(at: str, name: str) -> str:
    return f"{at}.{short(name)}" if at else short(name)


def _named(at: str) -> str:
    return at or "the value"


def _shown(value: Any) -> str:
    return "absent" if value is ABSENT else excerpt(value)
