"""The kit and a server that was written from the document alone: it passes, and none of its breaks does."""

import pytest

from tests.conformance.independent.server import BREAKS, running
from tests.conformance.test_benign import objections
from traits_sandbox.conformance import Options, run_conformance

KEY = "Independent-Key-7"

# By which requirements each break has to be found.
FOUND_BY = {
    "csv_no_estimate": {"CSV-001"},
    "field_optional": {"TYPE-001"},
    "iso_timestamp": {"TS-002"},
    "key_ignored": {"AUTH-001", "AUTH-002"},
    "limit_ignored": {"LIM-003"},
    "long_text_crash": {"HTTP-002"},
    "number_as_text": {"TYPE-003"},
    "removed_stays": {"DEL-002"},
    "text_traits": {"STATE-004"},
    "wrong_status": {"ENV-008"},
}


def test_an_independent_server_passes() -> None:
    with running(KEY) as url:
        report = run_conformance(url, KEY, Options(profile="core"))
    assert objections(report) == []
    assert report.exit_code == 0
    assert report.complete


@pytest.mark.parametrize("name", BREAKS)
def test_an_independent_server_that_is_broken_fails(name: str) -> None:
    with running(KEY, name) as url:
        report = run_conformance(url, KEY, Options(profile="core"))
    assert report.exit_code == 1
    assert FOUND_BY[name] <= {each.requirement.id for each in report.failed}
