"""P1 and P2: what it costs to parse and judge a push, beside what parsing alone costs."""

import json
from collections.abc import Callable, Iterator
from functools import partial

import orjson

from benchmarks.bodies import body, contract, push
from benchmarks.figures import Bar, Effort, Figure, Result, Skipped
from benchmarks.rounds import best_time, ratios
from traits_sandbox.derive.bodies import PushSchema
from traits_sandbox.derive.json_schema import request_document
from traits_sandbox.errors import BadRequest


def valid(effort: Effort) -> Iterator[Result]:
    """Yield P1: 1000 valid records, against parsing and against json with jsonschema."""
    raw, schema = body(1000), PushSchema(contract(), push())
    assert len(schema.records(raw).rows) == 1000
    ours = best_time(partial(schema.records, raw), effort.tries, 5)
    parsing = best_time(partial(orjson.loads, raw), effort.tries, 5)
    yield Figure("P1", "1000 valid records ÷ orjson.loads", ratios(ours, parsing, effort.rounds), Bar(at_most=1.7))
    judge = _jsonschema_judge(raw)
    if judge is None:
        yield Skipped("P1", "1000 valid records ÷ json + jsonschema: the package jsonschema is missing")
        return
    slower = ratios(best_time(judge, 1), ours, max(3, effort.rounds // 3))
    yield Figure("P1", "json + jsonschema ÷ 1000 valid records", slower, Bar(at_least=40))


# Where the bad records stand matters: what comes before the first one is looked at twice.
BAD = (
    ("the middle one of 1000 records bad", range(500, 501), 2.2),
    ("the last one of 1000 records bad", range(999, 1000), 2.2),
    ("1000 bad records", range(1000), 16),
)


def invalid(effort: Effort) -> Iterator[Result]:
    """Yield P2: the same with bad records and the list of all violations."""
    for what, bad, bar in BAD:
        raw = body(1000, bad=bad)
        ours = best_time(_refusal(raw, len(bad)), effort.tries)
        parsing = best_time(partial(orjson.loads, raw), effort.tries, 5)
        yield Figure("P2", f"{what} ÷ orjson.loads", ratios(ours, parsing, effort.rounds), Bar(at_most=bar))


def _refusal(raw: bytes, count: int) -> Callable[[], None]:
    """Return what judges a body and has every violation told; it checks that none is left out."""
    schema = PushSchema(contract(), push())

    def refuse() -> None:
        told = 0
        try:
            schema.records(raw)
        except BadRequest as error:
            told = len(error.violations)
        assert told == count

    return refuse


def _jsonschema_judge(raw: bytes) -> Callable[[], None] | None:
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        return None
    validator = Draft202012Validator(request_document(contract(), push()))

    def judge() -> None:
        assert validator.is_valid(json.loads(raw))

    return judge
