"""Generated files are compared by bytes, and by meaning only if another library version wrote them."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.house.meaning import comparison, same_bytes, same_meaning, unlike
from traits_sandbox.resources import folder

PINNED = """\
anyio==4.16.0 \\
    --hash=sha256:13
msgspec==0.23.0 \\
    --hash=sha256:42
pyyaml==6.0.4 ; python_version < "4" \\
    --hash=sha256:43
"""


@pytest.mark.parametrize(
    ("lock", "installed", "same"),
    [
        (PINNED, {"msgspec": "0.23.0", "pyyaml": "6.0.4"}, same_bytes),
        (PINNED, {"msgspec": "0.23.0", "pyyaml": "6.0.4", "anyio": "4.0"}, same_bytes),
        (
            PINNED + "msgspec==0.24.0 ; python_version >= '3.14' \\\n",
            {"msgspec": "0.24.0", "pyyaml": "6.0.4"},
            same_bytes,
        ),
        (None, {"msgspec": "0.22.0", "pyyaml": "6.0.4"}, same_bytes),
        (PINNED, {"msgspec": "0.22.0", "pyyaml": "6.0.4"}, same_meaning),
        (PINNED, {"msgspec": "0.23.0", "pyyaml": "6.0.40"}, same_meaning),
    ],
)
def test_files_are_compared_by_meaning_only_if_a_library_has_another_version_than_in_the_lock(
    lock: str | None, installed: dict[str, str], same: Callable[[bytes, bytes], bool]
) -> None:
    assert comparison(("msgspec", "pyyaml"), lock, installed.__getitem__) is same


def test_the_lock_must_have_all_libraries_that_write_files() -> None:
    with pytest.raises(LookupError, match="orjson"):
        unlike(("msgspec", "orjson"), PINNED, {"msgspec": "0.23.0"}.__getitem__)


ANY_OF = {"anyOf": [{"$ref": "#/$defs/Body"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": [1]}, {"b": [1], "a": 1}),
        (ANY_OF, {"anyOf": ANY_OF["anyOf"][::-1]}),
        ({"anyOf": [{"a": 1, "b": 2}, {"a": 1, "b": 1}]}, {"anyOf": [{"b": 1, "a": 1}, {"b": 2, "a": 1}]}),
        ({"required": ["a", "b"]}, {"required": ["b", "a"]}),
        ({"enum": ["a", None, 1]}, {"enum": [1, None, "a"]}),
        ({"minimum": 0}, {"minimum": 0.0}),
        ({"description": "One.\n\n    Two\n    lines."}, {"description": "One.\n\nTwo lines."}),
        (
            {"type": ["integer", "null"], "minimum": 1, "title": "A"},
            {"title": "A", "anyOf": [{"type": "null"}, {"minimum": 1, "type": "integer"}]},
        ),
    ],
)
def test_documents_with_the_same_meaning_are_equal(one: Any, other: Any) -> None:
    assert same_meaning(json.dumps(one).encode(), json.dumps(other, indent=2).encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"minimum": 0}, {"minimum": 1}),
        ({"minimum": 0}, {"exclusiveMinimum": 0}),
        ({"type": "integer"}, {"type": "number"}),
        ({"type": ["integer", "null"]}, {"type": "integer"}),
        ({"type": ["string", "null"], "enum": ["a"]}, {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}),
        ({"required": ["a", "b"]}, {"required": ["a"]}),
        ({"enum": [1]}, {"enum": [True]}),
        ({"default": [1, 2]}, {"default": [2, 1]}),
        ({"default": {"required": [1, 2]}}, {"default": {"required": [2, 1]}}),
        ({"prefixItems": [{"type": "string"}, {}]}, {"prefixItems": [{}, {"type": "string"}]}),
        ({"description": "At most one."}, {"description": "At most two."}),
        ({"$ref": "#/$defs/Body"}, {"$ref": "#/$defs/Other"}),
        ({"propertyNames": {"enum": ["a"]}}, {}),
    ],
)
def test_documents_with_another_meaning_differ(one: Any, other: Any) -> None:
    assert not same_meaning(json.dumps(one).encode(), json.dumps(other).encode())


def test_every_change_of_a_schema_is_found() -> None:
    committed = (folder("conformance") / "report.schema.json").read_bytes()
    document = json.loads(committed)
    changes = 0
    for _ in changed(document):
        changes += 1
        assert not same_meaning(json.dumps(document).encode(), committed), document
    assert changes > 500
    assert same_meaning(json.dumps(document).encode(), committed)


def changed(value: Any) -> Iterator[None]:
    """Change each scalar and remove each member of a document, one at a time, in place; undo each change."""
    for place in list(value) if isinstance(value, dict) else range(len(value)):
        kept = value[place]
        if isinstance(kept, dict | list):
            yield from changed(kept)
        else:
            value[place] = f"{kept}x" if isinstance(kept, str) else not kept if isinstance(kept, bool) else kept + 1
            yield
            value[place] = kept
    for place in range(len(value)):
        before = value.copy()
        value.pop(list(value)[place] if isinstance(value, dict) else place)
        yield
        value.clear()
        value.update(before) if isinstance(value, dict) else value.extend(before)


def test_text_is_compared_by_its_bytes() -> None:
    assert same_meaning(b"a table", b"a table")
    assert not same_meaning(b"a table", b"another table")
