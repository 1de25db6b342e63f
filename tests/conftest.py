"""What several test folders share."""

from pathlib import Path

import pytest

from traits_sandbox import resources

CHECKOUT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="judge every mutant of the kill matrix by the whole catalogue")


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
