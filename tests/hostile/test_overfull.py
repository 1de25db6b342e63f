"""Bodies of more values than anybody wants, and values that are deeper."""

import pytest

from tests.hostile.amplifiers import AMPLIFIERS, LIMIT
from tests.hostile.cases import REFUSED, TAKEN, first_of_each
from tests.hostile.checks import PUSH, Judge
from tests.hostile.messages import OPERATIONS, dumped


@pytest.mark.parametrize("name", first_of_each(zip(AMPLIFIERS), lambda name: AMPLIFIERS[name][0], str))
def test_a_body_of_as_many_values_as_it_can_hold_is_no_burden(name: str, judge: Judge) -> None:
    operation_id, make = AMPLIFIERS[name]
    content = make(LIMIT).encode()
    assert len(content) <= 16 * 2**20
    judge.try_content(OPERATIONS[operation_id], content, TAKEN | REFUSED)


@pytest.mark.parametrize("depth", [10, 200, 250, 253, 254, 255, 500, 1000])
def test_what_was_accepted_can_be_deleted(depth: int, judge: Judge) -> None:
    # A push keeps unknown fields; when a neighbour is deleted, the batch is written again.
    deep = f', "surplus": {"[" * depth}{"]" * depth}'
    rows = f'{{"user_id": "goes", "level": 1}}, {{"user_id": "stays", "level": 1{deep}}}'
    judge.try_content(PUSH, f'{{"level_ups": [{rows}]}}'.encode(), TAKEN | REFUSED, key=f"deep-{depth}")
    judge.try_content(OPERATIONS["remove_user_data"], dumped({"id": "goes"}), TAKEN, key=f"deep-{depth}")
