import pytest

from traits_sandbox.contract.compile import compile_document
from traits_sandbox.contract.diff import Change, diff

EXTRA = """# Get Weather

> Request

```shell
curl -XGET https://api.12traits.com/v1/weather?day=:day
```

# Push Logins
"""


def changes(reference: str, *edits: tuple[str, str]) -> list[Change]:
    text = reference
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    before, after = (compile_document(each, file="doc.md", edition="x")[0] for each in (reference, text))
    return diff(before, after)


def change(reference: str, *edits: tuple[str, str]) -> Change:
    (only,) = changes(reference, *edits)
    return only


def test_a_document_has_no_difference_from_itself(reference: str) -> None:
    assert changes(reference) == []


def test_text_titles_and_order_are_not_compared(reference: str) -> None:
    assert changes(reference, ("Reports what users do.", "Other words."), ("# Push Items", "# Push The Items")) == []


@pytest.mark.parametrize(
    ("old", "new", "what", "breaks"),
    [
        ("price|float|Yes|", "price|string|Yes|", "field Purchase.price type", True),
        ("platform|string||", "platform|string|Yes|", "field Purchase.platform", True),
        ("price|float|Yes|", "price|float||", "field Purchase.price", False),
    ],
)
def test_a_changed_cell_is_one_change(reference: str, old: str, new: str, what: str, breaks: bool) -> None:
    head, table, rest = reference.partition("### Purchase\n")
    found = diff_texts(reference, head + table + rest.replace(old, new, 1))
    assert [(each.kind, each.what, each.breaks) for each in found] == [("changed", what, breaks)]


def diff_texts(a: str, b: str) -> list[Change]:
    return diff(*(compile_document(text, file="doc.md", edition="x")[0] for text in (a, b)))


@pytest.mark.parametrize(("required", "breaks"), [("Yes", True), ("", False)])
def test_a_new_field_breaks_only_if_it_is_required(reference: str, required: str, breaks: bool) -> None:
    row = "\ntype|string||"
    found = change(reference, (row, f"\ncolour|string|{required}|Its colour{row}"))
    assert (found.kind, found.what, found.breaks) == ("added", "field Item.colour", breaks)


@pytest.mark.parametrize(("limit", "breaks"), [("500", True), ("5000", False)])
def test_only_a_lower_limit_breaks(reference: str, limit: str, breaks: bool) -> None:
    found = change(reference, ("up to 1000", f"up to {limit}"))
    assert (found.what, found.before, found.after, found.breaks) == ("limit of records", "1000", limit, breaks)


def test_a_new_operation_is_one_compatible_change(reference: str) -> None:
    found = change(reference, ("# Push Logins\n", EXTRA))
    assert (found.kind, found.what, found.breaks) == ("added", "operation GET /v1/weather", False)


def test_a_removed_operation_is_one_breaking_change(reference: str) -> None:
    found = diff_texts(reference.replace("# Push Logins\n", EXTRA), reference)
    assert [(each.kind, each.what, each.breaks) for each in found] == [("removed", "operation GET /v1/weather", True)]


def test_an_operation_with_a_new_path_is_reported_under_its_old_name(reference: str) -> None:
    found = change(reference, ("v1/user-data", "v1/privacy/user-data"))
    assert (found.kind, found.what, found.after) == (
        "changed",
        "operation POST /v1/user-data path",
        "/v1/privacy/user-data",
    )


def test_an_operation_with_another_last_segment_is_another_operation(reference: str) -> None:
    found = changes(reference, ("v1/user-data", "v1/userData"))
    assert [(each.kind, each.breaks) for each in found] == [("removed", True), ("added", False)]


def test_a_new_name_for_a_path_parameter_breaks_nobody(reference: str) -> None:
    assert not any(each.breaks for each in changes(reference, (":segment_id", ":segment")))


def test_a_new_query_parameter_breaks(reference: str) -> None:
    found = change(reference, ("user/status?id=:userid", "user/status?id=:userid&survey=:survey"))
    assert (found.what, found.breaks) == ("operation GET /v1/assessment/user/status query parameter survey", True)


def test_example_properties_are_compared_by_path_and_type(reference: str) -> None:
    found = change(reference, ('"completed_at": 1585806949', '"completed_at": "2020-04-02"'))
    assert found.what.endswith("response example data.completed_at")
    assert (found.before, found.after, found.breaks) == ("number", "string", True)


def test_the_properties_of_a_removed_object_are_not_listed(reference: str) -> None:
    head, start, rest = reference.partition('        "neuroticism": {')
    _, _, tail = rest.partition("},\n")
    (found,) = diff_texts(reference, head + tail)
    assert start
    assert (found.kind, found.what[-16:]) == ("removed", "data.neuroticism")
