"""Every case of a hostile gzip body, on every route."""

import pytest

from tests.hostile.cases import Case, matrix
from tests.hostile.checks import Judge
from tests.hostile.gzip_cases import gzip_cases
from traits_sandbox.contract.model import Operation


@pytest.mark.parametrize(("case", "operation"), matrix(gzip_cases()))
def test_a_hostile_gzip_body_harms_nothing(case: Case, operation: Operation, judge: Judge) -> None:
    judge.try_case(case, operation)
