import pytest

from traits_sandbox.contract.errata import apply, parse
from traits_sandbox.contract.model import Contract, ErrorReply, Field, Operation, Record
from traits_sandbox.errors import ErrataError

ENTRY = '[[erratum]]\nid = "x"\nwhat = "w"\nwhy = "y"\nwhere = "z"\nassumed = true\n'


def field(name: str) -> Field:
    return Field(name=name, type="string", required=True)


DOCUMENT = Contract(
    edition="e",
    title="t",
    records=(Record(heading="Item", kind="item", fields=(field("item_id"), field("name"))),),
    operations=(Operation(id="push_items", title="Push", method="POST", path="/v1/items"),),
    errors=(ErrorReply(status=400, message="bad"),),
)


def patched(patch: str) -> Contract:
    return apply(DOCUMENT, parse(f'edition = "e"\n{ENTRY}{patch}'))


def test_set_merges_attributes_into_the_target() -> None:
    contract = patched('[erratum.set]\n"records.Item.fields.name" = { min_length = 1 }')
    assert [each.min_length for each in contract.record("Item").fields] == [None, 1]


def test_a_pattern_selects_every_matching_element() -> None:
    contract = patched('[erratum.set]\n"records.*.fields.*" = { role = "user" }')
    assert {each.role for each in contract.record("Item").fields} == {"user"}


def test_an_operation_is_selected_by_method_and_path() -> None:
    contract = patched(
        '[erratum.set."operations.POST /v1/items"]\nid = "put"\nresponse = { status = 200, message = "" }'
    )
    (operation,) = contract.operations
    assert operation.response
    assert (operation.id, operation.response.status) == ("put", 200)


def test_the_document_and_the_error_replies_can_be_targets() -> None:
    contract = patched('[erratum.set]\ndocument = { min_records = 1 }\n"errors.400" = { message = "no" }')
    assert (contract.min_records, contract.errors[0].message) == (1, "no")


def test_add_appends_to_a_list_and_set_can_change_what_it_added() -> None:
    contract = patched(
        '[erratum.set."records.Kpi"]\nkey = "id"\n'
        '[[erratum.add.records]]\nheading = "Kpi"\nkind = "kpi"\nfields = []\n'
        '[[erratum.add."records.Item.fields"]]\nname = "n"\ntype = "int"\nrequired = false\n'
    )
    assert contract.record("Kpi").key == "id"
    assert [each.name for each in contract.record("Item").fields] == ["item_id", "name", "n"]


def test_the_contract_lists_its_errata_without_patches() -> None:
    (erratum,) = patched("[erratum.set.document]\nmin_records = 1").errata
    assert (erratum.id, erratum.why, erratum.assumed) == ("x", "y", True)


@pytest.mark.parametrize(
    ("target", "patch", "complaint"),
    [
        ("records.Absent", "key = 'a'", "the document has no such target"),
        ("records.Item.fields.absent_*", "role = 'user'", "the document has no such target"),
        ("operations.GET /v1/items", "id = 'a'", "the document has no such target"),
        ("records.Item", "colour = 'red'", "unknown field `colour`"),
        ("records.Item.fields.name", "required = 'yes'", "Expected `bool`, got `str`"),
        ("records.Item.fields.name", "role = 'hero'", "Invalid enum value 'hero'"),
    ],
)
def test_the_error_of_a_bad_patch_has_the_erratum_and_the_target(target: str, patch: str, complaint: str) -> None:
    with pytest.raises(ErrataError) as caught:
        patched(f'[erratum.set."{target}"]\n{patch}')
    assert f"erratum 'x', target {target!r}: " in str(caught.value)
    assert complaint in str(caught.value)


def test_a_reference_to_an_unknown_record_is_an_error() -> None:
    with pytest.raises(ErrataError, match=r"field Item\.name refers to the record 'Gone'"):
        patched('[erratum.set]\n"records.Item.fields.name" = { item = "Gone" }')


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("edition = ", "not TOML: Invalid value"),
        (ENTRY, "not an errata file: .* missing required field `edition`"),
        ('edition = "e"\n[[erratum]]\nid = "x"', "missing required field `what`"),
        (f'edition = "e"\n{ENTRY}because = "z"', "unknown field `because`"),
        (f'edition = "e"\n{ENTRY}{ENTRY}', "erratum 'x' appears more than once"),
    ],
)
def test_an_entry_in_an_unknown_form_is_an_error(text: str, complaint: str) -> None:
    with pytest.raises(ErrataError, match=complaint):
        parse(text)
