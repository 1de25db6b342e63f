"""What the tests of derivations share: the first edition's contract, and one judge for each kind of thing judged."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.derive.judges import BodyJudge, RecordJudge
from traits_sandbox import resources
from traits_sandbox.contract.build import build_edition
from traits_sandbox.contract.model import Contract, Operation

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def contract(edition: Path) -> Contract:
    """The contract as its two hand-written files give it, so that these tests do not trust generated ones."""
    return build_edition(edition)[0]


@pytest.fixture(scope="session")
def body_judge(request: pytest.FixtureRequest, contract: Contract) -> BodyJudge:
    operation = next(each for each in contract.operations if each.id == request.param)
    return BodyJudge.of(contract, operation)


@pytest.fixture(scope="session")
def record_judge(request: pytest.FixtureRequest, contract: Contract) -> RecordJudge:
    return RecordJudge.of(contract, contract.record(request.param))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a judge once for each operation with a JSON body, or once for each record."""
    if "body_judge" in metafunc.fixturenames:
        ids = [each.id for each in _contract().operations if _takes_json(each)]
        metafunc.parametrize("body_judge", ids, indirect=True, scope="session")
    if "record_judge" in metafunc.fixturenames:
        headings = [record.heading for record in _contract().records]
        metafunc.parametrize("record_judge", headings, indirect=True, scope="session")


def _contract() -> Contract:
    return build_edition(resources.schemas() / "2020-09")[0]


def _takes_json(operation: Operation) -> bool:
    return operation.body is not None and not operation.body.part
