"""What the tests of the kit share."""

from pathlib import Path

import pytest

# A form that ends within its file leaves that file to the garbage collector.
LEFT_OPEN = "ignore:Unclosed file <tempfile.SpooledTemporaryFile:ResourceWarning"
# A broken server's connections may be closing still when it is over.
STILL_CLOSING = "ignore:unclosed <StreamWriter:ResourceWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(LEFT_OPEN, STILL_CLOSING))
