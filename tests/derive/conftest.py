"""What the tests of derivations share: the first edition's contract, and one judge for each kind of thing judged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.derive.judges import BodyJudge, RecordJudge
from traits_sandbox import resources
from traits_sandbox.contract.build import build_edition
from traits_sandbox.contract.model import Contract


@pytest.fixture(scope="session")
def contract(edition: Path) -> Contract:
    """The contract as its two hand-written files give it, so that these tests do not trust generated ones."""
    return build_edition(edition)[0]


@pytest.fixture(scope="session")
def body_judge(request: pytest.FixtureRequest, contract: Contract) -> BodyJudge:
    """Judges bodies of each operation that takes JSON, in turn."""
    return _body_judge(request.param, contract)


@pytest.fixture(scope="session")
def push_judge(request: pytest.FixtureRequest, contract: Contract) -> BodyJudge:
    """Judges bodies of each operation that takes a list of records, in turn."""
    return _body_judge(request.param, contract)


@pytest.fixture(scope="session")
def record_judge(request: pytest.FixtureRequest, contract: Contract) -> RecordJudge:
    """Judges records of each heading, in turn."""
    return RecordJudge(contract, contract.record(request.param))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a judge once for each thing of the contract that it judges."""
    for name in JUDGED.keys() & set(metafunc.fixturenames):
        judged = JUDGED[name](build_edition(resources.schemas() / "2020-09")[0])
        metafunc.parametrize(name, judged, indirect=True, scope="session")


def _body_judge(operation_id: str, contract: Contract) -> BodyJudge:
    return BodyJudge(contract, next(each for each in contract.operations if each.id == operation_id))


# What each judge is made for, by id.
JUDGED: dict[str, Callable[[Contract], list[str]]] = {
    "body_judge": lambda contract: [each.id for each in contract.operations if each.body and not each.body.part],
    "push_judge": lambda contract: [each.id for each in contract.operations if each.body and each.body.collection],
    "record_judge": lambda contract: [each.heading for each in contract.records],
}
