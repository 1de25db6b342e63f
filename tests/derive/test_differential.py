"""Our verdicts are those of the reference implementation of JSON Schema on the published schemas."""

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.derive.bodies import bodies, hostile, misspelt, mutated, names_of, records
from tests.derive.divergences import DIVERGENCES, Divergence, explain
from tests.derive.judges import BodyJudge, RecordJudge
from tests.examples import examples
from traits_sandbox.contract.model import Contract


def assert_same_verdict(judge: BodyJudge, raw: bytes) -> None:
    violations, should_accept = judge.violations(raw), judge.should_accept(raw)
    assert (not violations) == should_accept or (should_accept and explain(orjson.loads(raw), violations)), raw


def names(judge: BodyJudge) -> tuple[str, ...]:
    body = judge.operation.body
    assert body
    record = judge.contract.record(body.record) if body.record else None
    return names_of(judge.contract, record, body.collection, *(field.name for field in body.fields))


@examples(60)
@given(data=st.data())
def test_a_valid_body_is_accepted(body_judge: BodyJudge, data: st.DataObject) -> None:
    raw = orjson.dumps(data.draw(bodies(body_judge.contract, body_judge.operation)))
    assert body_judge.should_accept(raw)
    assert body_judge.violations(raw) == ()


@examples(250)
@given(data=st.data())
def test_both_judges_agree_on_a_nearly_valid_body(body_judge: BodyJudge, data: st.DataObject) -> None:
    valid = bodies(body_judge.contract, body_judge.operation)
    assert_same_verdict(body_judge, orjson.dumps(data.draw(mutated(valid, names(body_judge)))))


@examples(100)
@given(data=st.data())
def test_both_judges_agree_on_a_hostile_body(body_judge: BodyJudge, data: st.DataObject) -> None:
    assert_same_verdict(body_judge, orjson.dumps(data.draw(hostile(names(body_judge)))))


@examples(120)
@given(data=st.data())
def test_both_judges_agree_on_text_that_is_nearly_json(body_judge: BodyJudge, data: st.DataObject) -> None:
    raw = orjson.dumps(data.draw(bodies(body_judge.contract, body_judge.operation, max_records=1)))
    assert_same_verdict(body_judge, data.draw(misspelt(raw)))


@examples(50)
@given(raw=st.binary(max_size=40))
@example(raw=b"")
@example(raw=b"\xef\xbb\xbf{}")
@example(raw=b'{"id": "\\ud800"}')
@example(raw=b'{"id": NaN}')
def test_bytes_that_are_no_json_are_refused(body_judge: BodyJudge, raw: bytes) -> None:
    assert_same_verdict(body_judge, raw)


@settings(max_examples=4)
@given(data=st.data(), changed=st.booleans())
@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001])
def test_both_judges_agree_on_the_limits_of_a_list(
    push_judge: BodyJudge, data: st.DataObject, count: int, changed: bool
) -> None:
    body = push_judge.operation.body
    assert body
    (record,) = data.draw(bodies(push_judge.contract, push_judge.operation, max_records=1))[body.collection]
    rows = [record] * count
    if changed and rows:
        rows[data.draw(st.integers(0, count - 1))] = {}
    assert_same_verdict(push_judge, orjson.dumps({body.collection: rows}))


@examples(100)
@given(data=st.data())
def test_both_judges_agree_on_a_record(record_judge: RecordJudge, data: st.DataObject) -> None:
    record = record_judge.record
    near = mutated(records(record_judge.contract, record), names_of(record_judge.contract, record))
    text = orjson.dumps(data.draw(near | hostile(names_of(record_judge.contract, record))))
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return
    violations, should_accept = record_judge.violations(value), record_judge.should_accept(value)
    assert (not violations) == should_accept or (should_accept and explain(value, violations)), text


@pytest.mark.parametrize("divergence", DIVERGENCES, ids=lambda each: each.id)
def test_a_known_divergence_is_real(contract: Contract, divergence: Divergence) -> None:
    judge = RecordJudge(contract, contract.record(divergence.heading))
    required = {field.name: "1" if field.type == "string" else 1 for field in judge.record.fields if field.required}
    record = {**required, divergence.field: divergence.witness}
    violations = judge.violations(record)
    assert violations
    assert judge.should_accept(record)
    assert explain(record, violations)
