import pytest

from traits_sandbox.contract.model import Contract, ErrorReply
from traits_sandbox.derive.messages import error_description, error_message

BARE = Contract(edition="e", title="t")
DOCUMENTED = Contract(
    edition="e",
    title="t",
    errors=(ErrorReply(status=404, message="not here"), ErrorReply(status=401, message="who", description="No key.")),
)


def test_the_documented_message_is_first() -> None:
    assert error_message(DOCUMENTED, 404) == "not here"


@pytest.mark.parametrize(("status", "message"), [(400, "bad request"), (404, "not found"), (401, "unauthorized")])
def test_without_a_row_the_message_is_the_phrase_of_http(status: int, message: str) -> None:
    assert error_message(BARE, status) == message


def test_an_error_is_described_in_the_documents_words_or_by_its_message() -> None:
    assert error_description(DOCUMENTED, 401) == "No key."
    assert error_description(DOCUMENTED, 404) == "not here"
    assert error_description(BARE, 400) == "bad request"
