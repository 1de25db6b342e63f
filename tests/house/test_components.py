import pytest

from tests.components import is_new_enough


@pytest.mark.parametrize(
    ("version", "enough"),
    [("v20.19.0", True), ("v20.20.2", True), ("v24.0.0", True), ("v20.18.3", False), ("v18.20.4", False), ("", False)],
)
def test_an_old_node_counts_as_missing(version: str, enough: bool) -> None:
    assert is_new_enough(version) is enough
