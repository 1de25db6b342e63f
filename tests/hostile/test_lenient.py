"""Hostile JSON where more is accepted: lenient mode may take what is strictly refused, and never fail because of it."""

import pytest

from tests.hostile.cases import Outcome, first_of_each
from tests.hostile.checks import Judge, judged
from tests.hostile.json_cases import json_cases
from tests.hostile.messages import OPERATIONS, route
from tests.hostile.wire import Connection
from traits_sandbox.contract.model import Operation

OPTIONS = ("--lenient",)
CASES = list(json_cases())
BODIES = [operation for operation in OPERATIONS.values() if route(operation) in ("push", "object")]


@pytest.mark.parametrize("operation", first_of_each(zip(BODIES), route, lambda operation: operation.id))
def test_hostile_json_harms_nothing_in_lenient_mode(operation: Operation, judge: Judge) -> None:
    credential = judge.new_credential()
    with Connection(judge.address) as connection:
        for case in CASES:
            answer = connection.stream(case.pieces(operation, credential)).answer()
            assert judged(answer, operation) in {Outcome.TAKEN, Outcome.REFUSED}, case.id
    judge.look(judge.new_credential())
