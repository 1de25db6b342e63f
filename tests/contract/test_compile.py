import json
import re
from contextlib import suppress
from pathlib import Path

import pytest

from tests.wire.documented import Documented, documented_requests, object_storage_examples
from traits_sandbox.contract.build import build, build_edition
from traits_sandbox.contract.compile import Compiled, compile_document, compile_file
from traits_sandbox.contract.model import Contract, Field, Operation
from traits_sandbox.derive.generate import generate
from traits_sandbox.errors import DocumentError, UsageError

PUSHES = ["actions", "logins", "purchases", "virtual_purchases", "level_ups", "items", "social_dynamics"]
OTHERS = [
    "playfab_webhook_integration",
    "get_assessment_response_status",
    "remove_user_data",
    "get_segment_persona_user_ids",
    "get_segment_persona_traits",
]
STABLE = {"upload_survey_data", "upload_kpis", *(f"push_{name}" for name in PUSHES), *OTHERS}
FIELD = "price|float|Yes|"


@pytest.fixture(scope="module", params=["vendor's document", "reference"])
def path(request: pytest.FixtureRequest, edition: Path) -> Path:
    if request.param == "reference":
        return edition / "reference.md"
    document: Path = request.getfixturevalue("vendor_document")
    return document


@pytest.fixture(scope="module")
def compiled(path: Path) -> Compiled:
    return compile_file(path, edition="2020-09")


@pytest.fixture(scope="module")
def contract(compiled: Compiled) -> Contract:
    return compiled[0]


def operation(contract: Contract, name: str) -> Operation:
    return next(each for each in contract.operations if each.id == name)


def compile_text(text: str) -> Compiled:
    return compile_document(text, file="doc.md", edition="x")


def edited(text: str, old: str, new: str) -> tuple[str, int]:
    """Return the text with the first `old` replaced, and the line of the replacement."""
    assert old in text
    return text.replace(old, new, 1), text[: text.index(old)].count("\n") + 1


def test_every_endpoint_becomes_an_operation_with_a_stable_id(path: Path, contract: Contract) -> None:
    uploads = ["upload_survey_data", "upload_kpis"]
    ids = [each.id for each in contract.operations]
    assert [each for each in ids if each in STABLE] == uploads + [f"push_{name}" for name in PUSHES] + OTHERS
    assert len(set(ids)) == len(documented_requests(path))


def test_the_body_decides_the_behaviour(path: Path, contract: Contract) -> None:
    expected = [behaviour_of(request) for request in documented_requests(path)]
    assert [each.behaviour for each in contract.operations] == expected
    assert expected.count("push") >= len(PUSHES)


def behaviour_of(request: Documented) -> str:
    """Return the behaviour of a request by the words of its curl line alone."""
    if request.words[0] != "curl":
        return "webhook"
    if "-F" in request.words:
        return "upload"
    body = request.words[request.words.index("-d") + 1] if "-d" in request.words else "{}"
    return "push" if any(isinstance(value, list) for value in json.loads(body).values()) else ""


def test_limit_folders_servers_and_variables_are_read(path: Path, contract: Contract) -> None:
    folders = {category.folder: category.record for category in contract.categories}
    assert contract.max_records == 1000
    assert {*PUSHES, "kpis"} <= set(folders) == set(object_storage_examples(path))
    assert (folders["logins"], folders["kpis"]) == ("User", "")
    assert [server.name for server in contract.servers] == ["Production", "Sandbox"]
    assert [variable.name for variable in contract.variables] == ["BASE_URL", "API_KEY"]


def test_a_push_has_a_collection_a_record_and_a_message_with_a_count(contract: Contract) -> None:
    push = operation(contract, "push_level_ups")
    assert push.body
    assert push.response
    assert (push.body.collection, push.body.record) == ("level_ups", "LevelUp")
    assert (push.response.status, push.response.message) == (201, "{count} level-ups have been successfully ingested")


def test_a_list_field_names_the_record_of_its_items(contract: Contract) -> None:
    field = next(field for field in contract.record("Action").fields if field.name == "action_params")
    assert (field.type, field.item, field.required) == ("list", "ActionParam", False)


def test_placeholders_become_parameters_and_notices_their_descriptions(contract: Contract) -> None:
    status = operation(contract, "get_assessment_response_status")
    traits = operation(contract, "get_segment_persona_traits")
    assert [(each.name, each.placeholder) for each in status.query_parameters] == [("id", ":userid")]
    assert ":userid" in status.query_parameters[0].description
    assert traits.path == "/v1/segments/{segment_id}/personas/{persona}/traits"
    assert [each.name for each in traits.path_parameters] == ["segment_id", "persona"]
    assert "**:persona**" in traits.path_parameters[1].description


def test_the_fields_of_a_body_without_a_table_come_from_its_example(contract: Contract) -> None:
    body = operation(contract, "remove_user_data").body
    assert body
    assert [(field.name, field.type, field.required) for field in body.fields] == [("id", "string", True)]
    assert "$user_id" in body.fields[0].description


def test_the_key_of_the_webhook_is_not_a_query_parameter(contract: Contract) -> None:
    webhook = operation(contract, "playfab_webhook_integration")
    assert (webhook.method, webhook.key_parameter, webhook.query_parameters) == ("POST", "api_key", ())


def test_an_example_that_does_not_fit_its_table_is_a_warning(compiled: Compiled) -> None:
    mismatches = [warning for warning in compiled[1] if warning.section == "Social Dynamics"]
    assert len(mismatches) == 8
    assert any("has no 'connection'" in warning.message for warning in mismatches)
    assert [warning.message for warning in compiled[1] if warning.section == "KPIs"] == [
        "no table describes the folder 'kpis'"
    ]


def test_fields_have_the_line_of_their_table_row(reference: str, edition: Path) -> None:
    contract, _ = compile_file(edition / "reference.md", edition="x")
    fields: list[Field] = [field for record in contract.records for field in record.fields]
    for field in fields:
        assert field.source
        assert reference.splitlines()[field.source.line - 1].startswith(f"{field.name}|")


def test_a_chapter_without_a_rule_becomes_description(reference: str) -> None:
    text, _ = edited(reference, "# API limits", "# News\n\nMind the **gap**.\n\n# API limits")
    assert "## News\n\nMind the **gap**." in compile_text(text)[0].description


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (FIELD, "price|money|Yes|", "unknown field type 'money'"),
        (FIELD, "price|float|No|", "unknown value 'No' in the Required column"),
        (FIELD, "count|float|Yes|", "field name 'count' is empty or appears twice"),
        (r"list\<ActionParam\>", r"list\<Missing\>", "list of 'Missing', but no table describes it"),
        ("carries up to 1000 records", "carries some records", "the limit .* has no 'up to <number>'"),
        ("-F file=@", "--upload-file ", "unknown curl option '--upload-file'"),
        ("-F file=@2019", "-F file=2019", "the form part 'file=2019-09-23.csv' is not a file"),
        ("?id=:userid", "?id=1001", "the parameter 'id' has no placeholder"),
        ('"users": [ {', '"users": [ [', "the example is not JSON"),
        ('{ "id": "$user_id" }', '{ "id": null }', "no table describes the property 'id' of type null"),
        (
            '{ "id": "$user_id" }',
            '{ "id": "a", "id": "b" }',
            "the example is not JSON: property 'id' appears more than once",
        ),
        ("https://api.12traits.com/v1/logins", "https://api.12traits.com/v2/logins", "the URL .* under /v1/"),
        ("https://api.12traits.com/v1/logins", "https://api.12traits.com/v1/actions", "operation .* appears twice"),
        ("### Purchase", "### Item", "another table 'Item' with other fields"),
        ("`logins/`", "`actions/`", "folder 'actions' appears twice"),
        ("**Code**|", "**Status**|", "unknown table header Status"),
        ("500|internal", "5xx|internal", "status code '5xx' is not a number"),
    ],
)
def test_a_fact_in_an_unknown_form_stops_with_file_and_line(reference: str, old: str, new: str, complaint: str) -> None:
    text, _ = edited(reference, old, new)
    with pytest.raises(DocumentError, match=rf"^doc\.md:\d+: {complaint}"):
        compile_text(text)


@pytest.mark.parametrize("block", ["```json\n{}\n```", "a|b\n-|-\n1|2"])
@pytest.mark.parametrize("chapter", ["# Introduction", "# API limits", "# Push Items", "## Integration steps"])
def test_a_fact_without_a_rule_stops_the_compiler(reference: str, chapter: str, block: str) -> None:
    text, line = edited(reference, f"\n{chapter}\n", f"\n{chapter}\n\n{block}\n")
    with pytest.raises(DocumentError) as caught:
        compile_text(text)
    assert caught.value.line == line + 3


def test_a_difference_between_listed_and_described_folders_is_a_warning(reference: str) -> None:
    text, _ = edited(reference, "`kpis/`", "`indicators/`")
    messages = {warning.message for warning in compile_text(text)[1]}
    assert "folder 'kpis' has no section of its own" in messages
    assert "folder 'indicators' has no mention under 'Configure access'" in messages


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        ("# API limits", "# Limits", "no chapter 'API limits'"),
        ("## Supported data formats", "## Formats", "no section 'Supported data formats'"),
        ('-H "Authorization: Bearer <API_KEY>" \\\n', "", "the request has no API key"),
    ],
)
def test_something_missing_is_a_warning(reference: str, old: str, new: str, warning: str) -> None:
    text, _ = edited(reference, old, new)
    assert warning in {each.message for each in compile_text(text)[1]}


def test_a_document_without_any_one_line_compiles_or_is_a_document_error(reference: str) -> None:
    lines = reference.splitlines()
    for number in range(0, len(lines), 13):
        with suppress(DocumentError):
            compile_text("\n".join(lines[:number] + lines[number + 1 :]))


def test_headings_without_text_are_read() -> None:
    assert compile_text("---\ntitle: T\n---\n\n# A\n\n## B\n")[0].description == "## A\n\n### B"


def test_a_partial_beside_the_document_is_read_and_a_missing_one_is_a_warning(tmp_path: Path, reference: str) -> None:
    head, _, errors = reference.partition("# Errors")
    document = tmp_path / "index.md"
    document.write_text(head.replace("search: true", "includes:\n  - errors"))
    _, warnings = compile_file(document, edition="x")
    assert "the partial 'errors' is missing" in {each.message for each in warnings}
    (tmp_path / "includes").mkdir()
    (tmp_path / "includes/_errors.md").write_text("# Errors" + errors)
    contract, warnings = compile_file(document, edition="x")
    assert [str(error.status) for error in contract.errors] == re.findall(r"^(\d+)\|", errors, re.MULTILINE)
    assert {400, 401, 404, 500} <= {error.status for error in contract.errors}
    assert not [warning for warning in warnings if "errors" in warning.message]


def test_without_errata_the_edition_is_the_name_of_the_file(tmp_path: Path, reference: str) -> None:
    document = tmp_path / "2020-10.md"
    document.write_text(reference)
    assert build(document, None)[0].edition == "2020-10"


def test_a_document_that_cannot_be_read_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^cannot read .*absent\.md: No such file or directory$"):
        build(tmp_path / "absent.md", None)


def test_two_builds_have_the_same_bytes(edition: Path) -> None:
    first, second = (generate(build_edition(edition)[0]) for _ in range(2))
    assert first == second
    assert first["contract.json"].endswith(b"}\n")
