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


def settled(patch: str) -> Contract:
    return apply(DOCUMENT, parse(f'edition = "e"\n{ENTRY}{patch}'))


def test_set_merges_attributes_into_what_the_target_names() -> None:
    contract = settled('[erratum.set]\n"records.Item.fields.name" = { min_length = 1 }')
    assert [each.min_length for each in contract.record("Item").fields] == [None, 1]


def test_a_pattern_reaches_every_match() -> None:
    contract = settled('[erratum.set]\n"records.*.fields.*" = { role = "user" }')
    assert {each.role for each in contract.record("Item").fields} == {"user"}


def test_an_operation_is_named_by_method_and_path() -> None:
    contract = settled(
        '[erratum.set."operations.POST /v1/items"]\nid = "put"\nresponse = { status = 200, message = "" }'
    )
    (operation,) = contract.operations
    assert operation.response
    assert (operation.id, operation.response.status) == ("put", 200)


def test_the_document_itself_and_errors_are_targets() -> None:
    contract = settled('[erratum.set]\ndocument = { min_records = 1 }\n"errors.400" = { message = "no" }')
    assert (contract.min_records, contract.errors[0].message) == (1, "no")


def test_add_appends_to_a_list_and_set_may_use_what_it_added() -> None:
    contract = settled(
        '[erratum.set."records.Kpi"]\nkey = "id"\n'
        '[[erratum.add.records]]\nheading = "Kpi"\nkind = "kpi"\nfields = []\n'
        '[[erratum.add."records.Item.fields"]]\nname = "n"\ntype = "int"\nrequired = false\n'
    )
    assert contract.record("Kpi").key == "id"
    assert [each.name for each in contract.record("Item").fields] == ["item_id", "name", "n"]


def test_the_contract_lists_its_errata_without_patches() -> None:
    (erratum,) = settled("[erratum.set.document]\nmin_records = 1").errata
    assert (erratum.id, erratum.why, erratum.assumed) == ("x", "y", True)


@pytest.mark.parametrize(
    ("target", "patch", "complaint"),
    [
        ("records.Absent", "key = 'a'", "nothing in the document matches"),
        ("records.Item.fields.absent_*", "role = 'user'", "nothing in the document matches"),
        ("operations.GET /v1/items", "id = 'a'", "nothing in the document matches"),
        ("records.Item", "colour = 'red'", "unknown field `colour`"),
        ("records.Item.fields.name", "required = 'yes'", "Expected `bool`, got `str`"),
        ("records.Item.fields.name", "role = 'hero'", "Invalid enum value 'hero'"),
    ],
)
def test_a_patch_that_does_not_fit_names_erratum_and_target(target: str, patch: str, complaint: str) -> None:
    with pytest.raises(ErrataError) as caught:
        settled(f'[erratum.set."{target}"]\n{patch}')
    assert f"erratum 'x', target {target!r}: " in str(caught.value)
    assert complaint in str(caught.value)


def test_a_record_that_nobody_has_cannot_be_named() -> None:
    with pytest.raises(ErrataError, match=r"field Item\.name names the record 'Gone'"):
        settled('[erratum.set]\n"records.Item.fields.name" = { item = "Gone" }')


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("edition = ", "Invalid value"),
        (ENTRY, "missing required field `edition`"),
        ('edition = "e"\n[[erratum]]\nid = "x"', "missing required field `what`"),
        (f'edition = "e"\n{ENTRY}because = "z"', "unknown field `because`"),
        (f'edition = "e"\n{ENTRY}{ENTRY}', "erratum 'x' appears more than once"),
    ],
)
def test_an_entry_of_another_form_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ErrataError, match=complaint):
        parse(text)
