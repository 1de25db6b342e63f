"""Every case of hostile framing, on every route."""

import pytest

from tests.hostile.cases import Case, matrix
from tests.hostile.checks import Judge
from tests.hostile.framing_cases import framing_cases
from traits_sandbox.contract.model import Operation


@pytest.mark.parametrize(("case", "operation"), matrix(framing_cases()))
def test_hostile_framing_harms_nothing(case: Case, operation: Operation, judge: Judge) -> None:
    judge.try_case(case, operation)
