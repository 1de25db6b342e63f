"""Our verdicts are those of the reference implementation of JSON Schema on the published schemas."""

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.derive.bodies import bodies, hostile, mutated, names_of, records
from tests.derive.divergences import DIVERGENCES, Divergence, may_differ
from tests.derive.judges import BodyJudge, RecordJudge
from traits_sandbox.contract.model import Contract


def assert_same_verdict(judge: BodyJudge, raw: bytes) -> None:
    if judge.accepts(raw) != judge.should_accept(raw):
        assert may_differ(orjson.loads(raw)), raw


def names(judge: BodyJudge) -> tuple[str, ...]:
    body = judge.operation.body
    assert body is not None
    record = judge.contract.record(body.record) if body.record else None
    return names_of(judge.contract, record, body.collection, *(field.name for field in body.fields))


@settings(max_examples=60)
@given(data=st.data())
def test_a_valid_body_is_accepted(body_judge: BodyJudge, data: st.DataObject) -> None:
    raw = orjson.dumps(data.draw(bodies(body_judge.contract, body_judge.operation)))
    assert body_judge.should_accept(raw)
    assert body_judge.accepts(raw)


@settings(max_examples=250)
@given(data=st.data())
def test_a_nearly_valid_body_gets_the_same_verdict(body_judge: BodyJudge, data: st.DataObject) -> None:
    valid = bodies(body_judge.contract, body_judge.operation)
    assert_same_verdict(body_judge, orjson.dumps(data.draw(mutated(valid, names(body_judge)))))


@settings(max_examples=120)
@given(data=st.data())
def test_a_hostile_body_gets_the_same_verdict(body_judge: BodyJudge, data: st.DataObject) -> None:
    assert_same_verdict(body_judge, orjson.dumps(data.draw(hostile(names(body_judge)))))


@settings(max_examples=50)
@given(raw=st.binary(max_size=40))
@example(raw=b"")
@example(raw=b"\xef\xbb\xbf{}")
@example(raw=b'{"id": "\\ud800"}')
@example(raw=b'{"id": NaN}')
def test_bytes_that_are_no_json_are_refused(body_judge: BodyJudge, raw: bytes) -> None:
    assert_same_verdict(body_judge, raw)


@settings(max_examples=4)
@given(data=st.data(), spoilt=st.booleans())
@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001])
def test_the_limits_of_a_list_get_the_same_verdict(
    body_judge: BodyJudge, data: st.DataObject, count: int, spoilt: bool
) -> None:
    body = body_judge.operation.body
    assert body is not None
    if not body.collection:
        pytest.skip("no list in this body")
    (record,) = data.draw(bodies(body_judge.contract, body_judge.operation, max_records=1))[body.collection]
    rows = [record] * count
    if spoilt and rows:
        rows[data.draw(st.integers(0, count - 1))] = {}
    assert_same_verdict(body_judge, orjson.dumps({body.collection: rows}))


@settings(max_examples=120)
@given(data=st.data())
def test_a_record_gets_the_same_verdict(record_judge: RecordJudge, data: st.DataObject) -> None:
    record = record_judge.record
    near = mutated(records(record_judge.contract, record), names_of(record_judge.contract, record))
    text = orjson.dumps(data.draw(near | hostile(names_of(record_judge.contract, record))))
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return
    if record_judge.accepts(value) != record_judge.should_accept(value):
        assert may_differ(value), text


@pytest.mark.parametrize("divergence", DIVERGENCES, ids=lambda each: each.id)
def test_a_known_divergence_is_real(contract: Contract, divergence: Divergence) -> None:
    judge = RecordJudge.of(contract, contract.record(divergence.heading))
    required = {field.name: "1" if field.type == "string" else 1 for field in judge.record.fields if field.required}
    record = {**required, divergence.field: divergence.witness}
    assert divergence.may_differ(divergence.witness)
    assert judge.accepts(record) != judge.should_accept(record)
