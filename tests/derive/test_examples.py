import csv

import msgspec
import pytest

from tests.derive.other import HOOK, OTHER, UPLOAD
from traits_sandbox.contract.model import Contract, Example
from traits_sandbox.derive.examples import csv_example, error_example, event_example, record_examples, user_example
from traits_sandbox.derive.records import RecordSchema


def test_the_examples_of_a_record_are_those_of_requests_then_those_of_files(contract: Contract) -> None:
    found = list(record_examples(contract, contract.record("Action")))
    assert [each["action_name"] for each in found[:2]] == ["buy_item", "fight_win"]


def test_a_user_is_one_that_the_document_shows(contract: Contract) -> None:
    assert (user_example(contract), user_example(OTHER)) == ("1001", "ann")


def test_a_csv_example_has_the_fields_of_its_record() -> None:
    header, row = csv.reader(csv_example(OTHER, UPLOAD.dialects[0]).splitlines())
    assert (header, row) == (["who", "score"], ["ann", "7"])


@pytest.mark.parametrize("name", ["long", "wide", "survey"])
def test_a_row_of_a_csv_example_is_a_record(contract: Contract, name: str) -> None:
    dialect = next(each for operation in contract.operations for each in operation.dialects if each.name == name)
    header, row = csv.reader(csv_example(contract, dialect).splitlines())
    cells = dict(zip(header, row, strict=True))
    number, metrics = dialect.value_field or "value", {cells.pop(metric) for metric in dialect.metrics}
    if metrics:
        cells |= {dialect.name_field: "cpi", number: metrics.pop()}
    record = {key: float(value) if key == number else value for key, value in cells.items()}
    assert RecordSchema(contract, contract.record(dialect.record)).is_valid(record)
    assert not metrics


def test_an_event_is_shown_by_its_envelope() -> None:
    assert HOOK.webhook
    assert event_example(OTHER, HOOK.webhook) == {"Type": "landed", "Rider": "ann"}


def test_an_error_is_shown_as_the_document_does() -> None:
    shown = Example(value={"code": 404, "message": "gone"})
    documented = msgspec.structs.replace(OTHER, error_examples=(shown,))
    assert error_example(documented, 404) == {"code": 404, "message": "gone"}


def test_an_error_without_an_example_follows_from_the_contract() -> None:
    assert error_example(OTHER, 401) == {"code": 401, "message": "unauthorized"}
    assert error_example(OTHER, 400) == {
        "code": 400,
        "message": "bad request",
        "errors": {"spins": "spins is required"},
    }
