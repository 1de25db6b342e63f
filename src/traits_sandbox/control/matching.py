"""Matching JSON values against what a test expects of them: a part of the value, with operators where it matters.

An object matches when each of its members matches the value's member of that name; a list, when each of its
elements matches some element of the value's list; anything else when it is equal (1 and 1.0 are, 1 and true are
not). An object whose names are all operators is none to be matched, but conditions that must all hold.
A member that is not there matches nothing but `{"exists": false}`.
"""

import operator
from collections.abc import Callable, Iterable
from typing import Any, Final

from traits_sandbox.derive.compiled import TextPattern
from traits_sandbox.derive.sentences import excerpt, short
from traits_sandbox.errors import UsageError

MAX_DEPTH: Final = 32
MAX_NODES: Final = 1000

# Elements of a list that are compared to say which one came nearest.
MAX_COMPARED: Final = 100


class MatchError(UsageError):
    """What is to be matched makes no sense; the message says where and why."""


class Absent:
    """Stands for a member that is not there."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = Absent()

Test = Callable[[Any], bool]
"""Tells whether a value meets one condition."""


class Matcher:
    """What is expected of a JSON value."""

    @staticmethod
    def of(spec: Any) -> "Matcher":
        """Return the matcher of a JSON value; raises MatchError where it makes no sense."""
        _bound(spec)
        return _matcher(spec, "")

    def matches(self, value: Any) -> bool:
        """Tell whether a value matches."""
        raise NotImplementedError

    def misses(self, value: Any, at: str = "") -> list[str]:
        """Return a sentence for each thing about the value, which stands at a place, that does not match."""
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
    """Return what that value of a list misses which an element of a match fits best."""
    found = (element.misses(value, f"{at}[{index}]") for index, value in enumerate(values[:MAX_COMPARED]))
    return min(found, key=len, default=[f"{_named(at)} is an empty list"])


def equal(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are the same: numbers by value, and no boolean is a number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[name]) for name, value in left.items())
    return bool(left == right)


def _bound(spec: Any) -> None:
    """Raise MatchError if a match is too large: what it costs is its size times that of the value."""
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
    """What is wrong with an operand, as the rest of a sentence."""


Operator = Callable[[Any], tuple[str, Test]]
"""Makes of an operand a condition, and what to say of a value that does not meet it."""


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
        raise _BadOperand("takes a list of values")
    return f"is not one of {_shown(operand)}", lambda value: any(equal(each, value) for each in operand)


def _fits(operand: Any) -> tuple[str, Test]:
    if not isinstance(operand, str):
        raise _BadOperand("takes a regular expression as a text")
    try:
        pattern = TextPattern(operand)
    except ValueError:
        reason = "is not a regular expression, or has look-around or back-references, which are not taken"
        raise _BadOperand(f"{_shown(operand)} {reason}") from None
    return f"does not fit {_shown(operand)}", lambda value: isinstance(value, str) and pattern.found_in(value)


def _exists(operand: Any) -> tuple[str, Test]:
    if not isinstance(operand, bool):
        raise _BadOperand("takes true or false")
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
