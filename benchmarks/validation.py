"""P1 and P2: the cost of parsing and validating a push, compared with parsing alone."""

import json
from collections.abc import Callable, Iterator
from functools import partial

import orjson

from benchmarks.bodies import body, contract, push
from benchmarks.figures import Effort, Figure, Result, Skipped, Target
from benchmarks.rounds import best_time, ratios
from traits_sandbox.derive.bodies import PushSchema
from traits_sandbox.derive.json_schema import request_document
from traits_sandbox.errors import BadRequest


def valid(effort: Effort) -> Iterator[Result]:
    """Yield P1: 1000 valid records, compared with parsing, and with json and jsonschema."""
    raw, schema = body(1000), PushSchema(contract(), push())
    assert len(schema.records(raw).rows) == 1000
    ours = best_time(partial(schema.records, raw), effort.tries, 5)
    parsing = best_time(partial(orjson.loads, raw), effort.tries, 5)
    yield Figure("P1", "1000 valid records ÷ orjson.loads", ratios(ours, parsing, effort.rounds), Target(at_most=1.7))
    validate = _jsonschema_validation(raw)
    if validate is None:
        yield Skipped("P1", "1000 valid records ÷ json + jsonschema: the package jsonschema is missing")
        return
    slower = ratios(best_time(validate, 1), ours, max(3, effort.rounds // 3))
    yield Figure("P1", "json + jsonschema ÷ 1000 valid records", slower, Target(at_least=40))


# The position of bad records matters: the records before the first bad one are validated twice.
BAD = (
    ("the middle one of 1000 records bad", range(500, 501), 2.2),
    ("the last one of 1000 records bad", range(999, 1000), 2.2),
    ("1000 bad records", range(1000), 16),
)


def invalid(effort: Effort) -> Iterator[Result]:
    """Yield P2: bodies with bad records, including the list of all violations."""
    for what, bad, limit in BAD:
        raw = body(1000, bad=bad)
        ours = best_time(_rejection(raw, len(bad)), effort.tries)
        parsing = best_time(partial(orjson.loads, raw), effort.tries, 5)
        yield Figure("P2", f"{what} ÷ orjson.loads", ratios(ours, parsing, effort.rounds), Target(at_most=limit))


def _rejection(raw: bytes, count: int) -> Callable[[], None]:
    """Return a function that validates a body, and checks the number of violations."""
    schema = PushSchema(contract(), push())

    def reject() -> None:
        found = 0
        try:
            schema.records(raw)
        except BadRequest as error:
            found = len(error.violations)
        assert found == count

    return reject


def _jsonschema_validation(raw: bytes) -> Callable[[], None] | None:
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        return None
    validator = Draft202012Validator(request_document(contract(), push()))

    def validate() -> None:
        assert validator.is_valid(json.loads(raw))

    return validate
