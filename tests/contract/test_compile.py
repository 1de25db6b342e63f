from contextlib import suppress
from pathlib import Path

import pytest

from traits_sandbox.contract.build import build, build_edition
from traits_sandbox.contract.compile import Contradiction, compile_document, compile_file
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
FIELD = "price|float|Yes|"


@pytest.fixture(scope="module", params=["vendor's document", "reference"])
def compiled(request: pytest.FixtureRequest, edition: Path) -> tuple[Contract, tuple[Contradiction, ...]]:
    theirs = request.param != "reference"
    path = request.getfixturevalue("vendor_document") if theirs else edition / "reference.md"
    return compile_file(path, edition="2020-09")


@pytest.fixture(scope="module")
def contract(compiled: tuple[Contract, tuple[Contradiction, ...]]) -> Contract:
    return compiled[0]


def operation(contract: Contract, name: str) -> Operation:
    return next(each for each in contract.operations if each.id == name)


def compile_text(text: str) -> tuple[Contract, tuple[Contradiction, ...]]:
    return compile_document(text, file="doc.md", edition="x")


def edited(text: str, old: str, new: str) -> tuple[str, int]:
    """Return the text with the first `old` replaced, and the line where it stood."""
    assert old in text
    return text.replace(old, new, 1), text[: text.index(old)].count("\n") + 1


def test_every_endpoint_becomes_an_operation_with_a_stable_id(contract: Contract) -> None:
    uploads = ["upload_survey_data", "upload_kpis"]
    assert [each.id for each in contract.operations] == uploads + [f"push_{name}" for name in PUSHES] + OTHERS


def test_the_body_decides_the_behaviour(contract: Contract) -> None:
    behaviours = [each.behaviour for each in contract.operations]
    assert behaviours == ["upload"] * 2 + ["push"] * 7 + ["webhook"] + [""] * 4


def test_limit_folders_servers_and_variables_are_read(contract: Contract) -> None:
    folders = {category.folder: category.record for category in contract.categories}
    assert contract.max_records == 1000
    assert set(folders) == {*PUSHES, "kpis"}
    assert (folders["logins"], folders["kpis"]) == ("User", "")
    assert [server.name for server in contract.servers] == ["Production", "Sandbox"]
    assert [variable.name for variable in contract.variables] == ["BASE_URL", "API_KEY"]


def test_a_push_has_collection_record_and_counted_message(contract: Contract) -> None:
    push = operation(contract, "push_level_ups")
    assert push.body
    assert push.response
    assert (push.body.collection, push.body.record) == ("level_ups", "LevelUp")
    assert (push.response.status, push.response.message) == (201, "{count} level-ups have been successfully ingested")


def test_a_list_field_names_the_record_of_its_items(contract: Contract) -> None:
    field = next(field for field in contract.record("Action").fields if field.name == "action_params")
    assert (field.type, field.item, field.required) == ("list", "ActionParam", False)


def test_placeholders_become_parameters_described_by_their_notices(contract: Contract) -> None:
    status = operation(contract, "get_assessment_response_status")
    traits = operation(contract, "get_segment_persona_traits")
    assert [(each.name, each.placeholder) for each in status.query_parameters] == [("id", ":userid")]
    assert ":userid" in status.query_parameters[0].description
    assert traits.path == "/v1/segments/{segment_id}/personas/{persona}/traits"
    assert [each.name for each in traits.path_parameters] == ["segment_id", "persona"]
    assert "**:persona**" in traits.path_parameters[1].description


def test_a_body_without_a_table_takes_its_fields_from_the_example(contract: Contract) -> None:
    body = operation(contract, "remove_user_data").body
    assert body
    assert [(field.name, field.type, field.required) for field in body.fields] == [("id", "string", True)]
    assert "$user_id" in body.fields[0].description


def test_the_webhook_keeps_its_key_out_of_the_query_parameters(contract: Contract) -> None:
    webhook = operation(contract, "playfab_webhook_integration")
    assert (webhook.method, webhook.key_parameter, webhook.query_parameters) == ("POST", "api_key", ())


def test_examples_that_contradict_their_table_are_findings(
    compiled: tuple[Contract, tuple[Contradiction, ...]],
) -> None:
    contradicting = [finding for finding in compiled[1] if finding.section == "Social Dynamics"]
    assert len(contradicting) == 8
    assert any("lacks 'connection'" in finding.message for finding in contradicting)
    assert [finding.message for finding in compiled[1] if finding.section == "KPIs"] == [
        "no table describes the folder 'kpis'"
    ]


def test_fields_know_where_the_document_says_them(reference: str, edition: Path) -> None:
    contract, _ = compile_file(edition / "reference.md", edition="x")
    fields: list[Field] = [field for record in contract.records for field in record.fields]
    for field in fields:
        assert field.source
        assert reference.splitlines()[field.source.line - 1].startswith(f"{field.name}|")


def test_words_without_a_rule_are_kept_as_description(reference: str) -> None:
    text, _ = edited(reference, "# API limits", "# News\n\nMind the **gap**.\n\n# API limits")
    assert "## News\n\nMind the **gap**." in compile_text(text)[0].description


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (FIELD, "price|money|Yes|", "field type 'money'"),
        (FIELD, "price|float|No|", "'No' in the Required column"),
        (FIELD, "count|float|Yes|", "field 'count' that is empty or listed twice"),
        (r"list\<ActionParam\>", r"list\<Missing\>", "list of 'Missing', which has no table"),
        ("carries up to 1000 records", "carries some records", "limit .* without"),
        ("-F file=@", "--upload-file ", "curl option '--upload-file'"),
        ("-F file=@2019", "-F file=2019", "form part 'file=2019-09-23.csv' that is not a file"),
        ("?id=:userid", "?id=1001", "parameter 'id' without a placeholder"),
        ('"users": [ {', '"users": [ [', "example that is not JSON"),
        ('{ "id": "$user_id" }', '{ "id": null }', "property 'id' whose type null no table explains"),
        (
            '{ "id": "$user_id" }',
            '{ "id": "a", "id": "b" }',
            "example that is not JSON: property 'id' appears more than once",
        ),
        ("https://api.12traits.com/v1/logins", "https://api.12traits.com/v2/logins", "URL .* below /v1/"),
        ("https://api.12traits.com/v1/logins", "https://api.12traits.com/v1/actions", "second operation"),
        ("### Purchase", "### Item", "second, different table 'Item'"),
        ("`logins/`", "`actions/`", "second folder 'actions'"),
        ("**Code**|", "**Status**|", "table with the header Status"),
        ("500|internal", "5xx|internal", "status code '5xx'"),
    ],
)
def test_a_fact_of_another_form_stops_with_file_and_line(reference: str, old: str, new: str, complaint: str) -> None:
    text, _ = edited(reference, old, new)
    with pytest.raises(DocumentError, match=rf"^doc\.md:\d+: {complaint}"):
        compile_text(text)


@pytest.mark.parametrize("block", ["```json\n{}\n```", "a|b\n-|-\n1|2"])
@pytest.mark.parametrize("chapter", ["# Introduction", "# API limits", "# Push Items", "## Integration steps"])
def test_a_fact_no_rule_asks_for_stops(reference: str, chapter: str, block: str) -> None:
    text, line = edited(reference, f"\n{chapter}\n", f"\n{chapter}\n\n{block}\n")
    with pytest.raises(DocumentError) as caught:
        compile_text(text)
    assert caught.value.line == line + 3


def test_folders_listed_and_described_differently_are_a_finding(reference: str) -> None:
    text, _ = edited(reference, "`kpis/`", "`indicators/`")
    messages = {finding.message for finding in compile_text(text)[1]}
    assert "folder 'kpis' has no section of its own" in messages
    assert "folder 'indicators' has no mention under 'Configure access'" in messages


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("# API limits", "# Limits", "no chapter 'API limits'"),
        ("## Supported data formats", "## Formats", "no section 'Supported data formats'"),
        ('-H "Authorization: Bearer <API_KEY>" \\\n', "", "the request carries no API key"),
    ],
)
def test_a_missing_piece_is_a_finding(reference: str, old: str, new: str, finding: str) -> None:
    text, _ = edited(reference, old, new)
    assert finding in {each.message for each in compile_text(text)[1]}


def test_a_document_that_lost_any_line_compiles_or_stops_at_a_line(reference: str) -> None:
    lines = reference.splitlines()
    for number in range(0, len(lines), 13):
        with suppress(DocumentError):
            compile_text("\n".join(lines[:number] + lines[number + 1 :]))


def test_headings_without_a_body_are_read() -> None:
    assert compile_text("---\ntitle: T\n---\n\n# A\n\n## B\n")[0].description == "## A\n\n### B"


def test_a_partial_beside_the_document_is_read_and_a_missing_one_is_a_finding(tmp_path: Path, reference: str) -> None:
    head, _, errors = reference.partition("# Errors")
    document = tmp_path / "index.md"
    document.write_text(head.replace("search: true", "includes:\n  - errors"))
    _, findings = compile_file(document, edition="x")
    assert "the partial 'errors' is not beside the document" in {each.message for each in findings}
    (tmp_path / "includes").mkdir()
    (tmp_path / "includes/_errors.md").write_text("# Errors" + errors)
    contract, findings = compile_file(document, edition="x")
    assert [error.status for error in contract.errors] == [400, 401, 404, 500]
    assert not [finding for finding in findings if "errors" in finding.message]


def test_without_errata_the_edition_is_the_name_of_the_file(tmp_path: Path, reference: str) -> None:
    document = tmp_path / "2020-10.md"
    document.write_text(reference)
    assert build(document, None)[0].edition == "2020-10"


def test_a_document_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^cannot read .*absent\.md: No such file or directory$"):
        build(tmp_path / "absent.md", None)


def test_a_build_is_reproducible_to_the_byte(edition: Path) -> None:
    first, second = (generate(build_edition(edition)[0]) for _ in range(2))
    assert first == second
    assert first["contract.json"].endswith(b"}\n")
