"""Newman runs the collection green against a real sandbox, and red against one with faults."""

import json
from pathlib import Path

import pytest

from tests.wire.faulty import Fault, faulty
from tests.wire.newman import COLLECTION, Json, run
from tests.wire.served import Served
from traits_sandbox.contract.load import load

TESTS_OF_A_REQUEST = 6
EVERY_TEST = [
    "code is the status",
    "content type is JSON",
    "data is as documented",
    "message is text",
    "message is the documented one",
    "status is 200",
]
FAULTS = {
    "/v1/actions": (Fault(status=200), ["code is the status", "status is 201"]),
    "/v1/logins": (Fault(members={"code": 200}), ["code is the status"]),
    "/v1/purchases": (Fault(members={"message": "1 purchase has been ingested"}), ["message is the documented one"]),
    "/v1/level-ups": (Fault(members={"data": {}}), ["data is as documented"]),
    "/v1/items": (Fault(content_type="text/html"), ["content type is JSON"]),
    "/v1/social-dynamics": (Fault(members={"message": 1}), ["message is text", "message is the documented one"]),
    "/v1/kpis/csv": (Fault(members={"data": {"time": 125}}), ["data is as documented"]),
    "/v1/assessment/user/status": (
        Fault(members={"data": {"completed": True, "completed_at": "2020-04-02"}}),
        ["data is as documented"],
    ),
    "/v1/user-data": (Fault(502, "text/html", text="<h1>Bad gateway</h1>"), EVERY_TEST),
}
SAME_SHAPE = """
pm.test("the saved reply", () => {
    const shape = (reply) => [Object.keys(reply).sort(), Object.keys(reply.errors || {}).sort()];
    pm.response.to.have.status(STATUS);
    pm.expect(shape(pm.response.json())).to.eql(shape(REPLY));
});
"""


@pytest.mark.parametrize("server", ["sandbox", "secure_sandbox"])
def test_a_sandbox_passes_when_it_is_new_and_when_it_is_used(
    server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    served: Served = request.getfixturevalue(server)
    for _ in range(2):
        result = run(served, tmp_path)
        assert (result.code, result.failures) == (0, [])
        assert len(result.requests) == len(load("2020-09").operations)
        assert result.tests == TESTS_OF_A_REQUEST * len(result.requests)


def test_each_fault_fails_the_tests_that_are_there_for_it(sandbox: Served, tmp_path: Path) -> None:
    titles = {operation.path: operation.title for operation in load("2020-09").operations}
    with faulty(sandbox.url, {path: fault for path, (fault, _) in FAULTS.items()}) as url:
        result = run(sandbox, tmp_path, url=url)
    assert result.code == 1
    assert sorted(result.failures) == sorted(
        (titles[path], test) for path, (_, tests) in FAULTS.items() for test in tests
    )


def test_the_saved_replies_are_what_their_requests_get(sandbox: Served, tmp_path: Path) -> None:
    published = json.loads(COLLECTION.read_bytes())
    replies = [reply for folder in published["item"] for item in folder["item"] for reply in item["response"]]
    saved = [_again(reply) for reply in replies]
    (tmp_path / "saved.json").write_text(json.dumps({**published, "event": [], "item": saved}), encoding="utf-8")
    result = run(sandbox, tmp_path, collection=tmp_path / "saved.json")
    assert (result.code, result.failures) == (0, [])
    assert len(result.requests) == len(saved) == result.tests


def _again(reply: Json) -> Json:
    """Return a request of its own for a saved reply, with a test that asks for the reply's status and names."""
    script = SAME_SHAPE.replace("STATUS", str(reply["code"])).replace("REPLY", reply["body"])
    event = {"listen": "test", "script": {"type": "text/javascript", "exec": [script]}}
    return {"name": reply["id"], "request": reply["originalRequest"], "event": [event]}
