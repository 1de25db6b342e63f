"""Options, hooks and fixtures that several test folders share."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.examples import ALL
from tests.tiers import PARTS, selected
from traits_sandbox import resources

CHECKOUT = Path(__file__).parents[1]

# The speed of the machine must not make a test fail.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proofs", choices=PARTS, default="", help="run this part of scripts/proofs")
    parser.addoption("--full", action="store_true", help="run everything, of the part or of all")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "part(name, tier): belongs to a part of scripts/proofs, see tests/tiers.py")
    if config.getoption("--full") or config.getoption("--proofs"):
        os.environ.setdefault(ALL, "1")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    proofs, full = config.getoption("--proofs"), config.getoption("--full")
    chosen = [item for item in items if selected(item, proofs=proofs, full=full)]
    config.hook.pytest_deselected(items=[item for item in items if not selected(item, proofs=proofs, full=full)])
    items[:] = chosen


@pytest.fixture(scope="session")
def vendor_document() -> Path:
    # The vendor's text is not part of the project. Some machines have a copy beside the checkout.
    path = CHECKOUT.parent / "shared/docs/ingestion-api-2020-09-15.md"
    if not path.exists():
        pytest.skip("this machine has no copy of the vendor's document")
    return path


@pytest.fixture(scope="session")
def edition() -> Path:
    """The folder of the first edition: the reference, the errata and the generated files."""
    return resources.schemas() / "2020-09"


@pytest.fixture(scope="session")
def reference(edition: Path) -> str:
    return (edition / "reference.md").read_text("utf-8")
