from pathlib import Path

import pytest

from tests.handlers.emulated import Emulated, emulated
from traits_sandbox.contract.build import build_edition
from traits_sandbox.contract.model import Contract


@pytest.fixture(scope="session")
def contract(edition: Path) -> Contract:
    """The contract as its two hand-written files give it."""
    return build_edition(edition)[0]


@pytest.fixture
def api(contract: Contract) -> Emulated:
    return emulated(contract)


@pytest.fixture(scope="session")
def shared_api(contract: Contract) -> Emulated:
    """An API for tests that do not mind what others have stored, such as those of Hypothesis."""
    return emulated(contract)
