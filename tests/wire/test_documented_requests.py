"""Every request of the document, sent by real curl to a real process, gets the documented reply."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.components import require
from tests.patience import PATIENCE
from tests.wire.documented import Documented, documented_requests
from tests.wire.served import Served

EVENT = '{"EventName": "fight_won", "EntityType": "player", "EntityId": "1001", "EventId": "documented-1"}'
SAMPLES = Path(__file__).parents[2] / "postman"
VENDORS_OPERATIONS = 14
# Another user is deleted than the one whose persona is read afterwards.
PLACEHOLDERS = {":userid": "1001", "$user_id": "9009", ":segment_id": "default", ":persona": "all"}


@pytest.fixture(params=["reference", "vendor"])
def document(request: pytest.FixtureRequest, edition: Path) -> Path:
    if request.param == "vendor":
        path: Path = request.getfixturevalue("vendor_document")
        return path
    return edition / "reference.md"


@pytest.fixture(params=["sandbox", "secure_sandbox"])
def server(request: pytest.FixtureRequest) -> Served:
    served: Served = request.getfixturevalue(request.param)
    return served


def test_every_documented_request_gets_the_documented_reply(document: Path, edition: Path, server: Served) -> None:
    require("curl", present=shutil.which("curl"))
    requests = documented_requests(document)
    # The vendor's document has the operations of its time; the reference has those of the contract.
    operations = json.loads((edition / "contract.json").read_bytes())["operations"]
    assert len(requests) == (len(operations) if document.parent == edition else VENDORS_OPERATIONS)
    ids = {each["path"]: each["id"] for each in operations}
    for request in requests:
        operation = ids.get("/v1/" + request.words[-1].partition("/v1/")[2])
        status, reply = send(request, server, SAMPLES / f"{operation}.sample.csv")
        expected = request.reply or {"code": 200, "message": "", "data": None}
        assert status == expected["code"], (request, reply)
        assert shape(reply) == shape(expected), request
        assert re.sub(r"^\d+", "50", reply["message"]) == expected["message"]


def send(request: Documented, server: Served, file: Path) -> tuple[int, Any]:
    """Send a request with curl, with its host, key, placeholders and file replaced."""
    words = [filled(word, server, file) for word in request.words]
    if words[0] != "curl":  # the bare URL of the webhook
        words = ["curl", "-H", "Content-Type: application/json", "-d", EVENT, *words]
    ca = ["--cacert", server.ca_file] if server.ca_file else []
    command = [*words, *ca, "--silent", "--show-error", "--max-time", str(PATIENCE), "--write-out", "\n%{http_code}"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    body, _, status = output.rpartition("\n")
    return int(status), json.loads(body)


def filled(word: str, server: Served, file: Path) -> str:
    word = word.replace("https://api.12traits.com", server.url).replace("<API_KEY>", server.key)
    word = word.replace(":api_key", server.key)
    for placeholder, value in PLACEHOLDERS.items():
        word = word.replace(placeholder, value)
    return f"file=@{file}" if word.startswith("file=@") else word


def shape(value: Any) -> Any:
    """Reduce a reply to its property names and JSON types; ids in a list may be any number of strings."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
