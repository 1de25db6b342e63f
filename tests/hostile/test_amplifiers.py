"""Bodies that keep every limit: each against a sandbox of its own, whose memory tells of that body alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.amplifiers import AMPLIFIERS, LARGE
from tests.hostile.cases import REFUSED, TAKEN, first_of_each
from tests.hostile.checks import UNHURRIED, Judge, unharmed
from tests.hostile.messages import OPERATIONS
from tests.wire.served import serving
from traits_sandbox.derive.bodies import MAX_VALUES


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    with serving(tmp_path, *UNHURRIED) as served, unharmed(served) as judge:
        yield judge


@pytest.mark.parametrize("name", first_of_each(zip(AMPLIFIERS), lambda name: AMPLIFIERS[name][0], str))
def test_a_body_of_as_many_values_as_may_be_is_no_burden(name: str, judge: Judge) -> None:
    operation_id, make = AMPLIFIERS[name]
    judge.try_content(OPERATIONS[operation_id], make(MAX_VALUES - 1000).encode(), TAKEN | REFUSED)


@pytest.mark.parametrize("name", first_of_each(zip(LARGE), lambda _: "large", str))
def test_a_large_value_is_no_burden(name: str, judge: Judge) -> None:
    operation_id, make = LARGE[name]
    judge.try_content(OPERATIONS[operation_id], make().encode(), TAKEN | REFUSED)
