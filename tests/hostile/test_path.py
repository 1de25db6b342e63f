"""Every case of a hostile path, on every route."""

import pytest

from tests.hostile.cases import Case, matrix
from tests.hostile.checks import Judge
from tests.hostile.path_cases import path_cases
from traits_sandbox.contract.model import Operation


@pytest.mark.parametrize(("case", "operation"), matrix(path_cases()))
def test_a_hostile_path_harms_nothing(case: Case, operation: Operation, judge: Judge) -> None:
    judge.try_case(case, operation)
