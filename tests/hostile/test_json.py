"""Every case of hostile JSON, on every route."""

import pytest

from tests.hostile.cases import Case, matrix
from tests.hostile.checks import Judge
from tests.hostile.json_cases import json_cases
from traits_sandbox.contract.model import Operation


@pytest.mark.parametrize(("case", "operation"), matrix(json_cases()))
def test_hostile_json_harms_nothing(case: Case, operation: Operation, judge: Judge) -> None:
    judge.try_case(case, operation)
