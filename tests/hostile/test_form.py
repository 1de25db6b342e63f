"""Every case of a hostile form, on every route."""

import pytest

from tests.hostile.cases import Case, matrix
from tests.hostile.checks import Judge
from tests.hostile.form_cases import form_cases
from traits_sandbox.contract.model import Operation


@pytest.mark.parametrize(("case", "operation"), matrix(form_cases()))
def test_a_hostile_form_harms_nothing(case: Case, operation: Operation, judge: Judge) -> None:
    judge.try_case(case, operation)
