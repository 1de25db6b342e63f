"""What several test folders share."""

from pathlib import Path

import pytest

from traits_sandbox import resources

CHECKOUT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="judge every mutant of the kill matrix by the whole catalogue")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: takes minutes and is run with --full alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--full"):
        long = [item for item in items if item.get_closest_marker("full")]
        items[:] = [item for item in items if not item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=long)


@pytest.fixture(scope="session")
def vendor_document() -> Path:
    # The vendor's text is not redistributed: it lies beside the checkout on the machines that have it.
    path = CHECKOUT.parent / "shared/docs/ingestion-api-2020-09-15.md"
    if not path.exists():
        pytest.skip("the vendor's document is not here")
    return path


@pytest.fixture(scope="session")
def edition() -> Path:
    """The folder of the first edition: its restatement, its errata and the generated files."""
    return resources.schemas() / "2020-09"


@pytest.fixture(scope="session")
def reference(edition: Path) -> str:
    return (edition / "reference.md").read_text("utf-8")
