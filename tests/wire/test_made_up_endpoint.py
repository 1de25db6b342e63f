"""The contract drives everything: a new push in a copy of the reference is served without any Python."""

import json
from pathlib import Path

from click.testing import CliRunner

from tests.wire.served import serving
from traits_sandbox.cli import main

SECTION = """
# Push Quest Steps

Push the steps of users in quests.

> Request

```shell
curl -XPOST \\
-H "Authorization: Bearer <API_KEY>" \\
-H "Content-Type: application/json" \\
-d '{ "quest_steps": [ { "timestamp": "2019-01-01 15:04:05", "user_id": "7007", "quest_id": "q1", "step": 2 } ] }' \\
https://api.12traits.com/v1/quest-steps
```

### QuestStep

**Field**|**Type**|**Required**|**Description**
-----|-----|-----|-----
timestamp|Timestamp||When the step was taken
user_id|string|Yes|Who took it
quest_id|string|Yes|The quest
step|int|Yes|Its number

> Example response

```json
{
  "code": 201,
  "message": "50 steps have been successfully ingested",
  "data": null
}
```

"""
NEXT = "# PlayFab Webhook Integration"


def test_a_made_up_push_is_validated_stored_and_deleted(edition: Path, tmp_path: Path) -> None:
    contract = built_with_quest_steps(edition, tmp_path)
    step = {"timestamp": "2019-01-01 15:04:05", "user_id": "7007", "quest_id": "q1", "step": 2}
    with serving(tmp_path, "--contract", str(contract)) as served, served.client() as client:
        pushed = client.post("/v1/quest-steps", json={"quest_steps": [step, step]})
        refused = client.post("/v1/quest-steps", json={"quest_steps": [step | {"quest_id": ""}]})
        users = client.post("/v1/segments/default/personas/all/users").json()["data"]["ids"]
        client.post("/v1/user-data", json={"id": "7007"})
        left = client.post("/v1/segments/default/personas/all/users").json()["data"]["ids"]
    assert pushed.json() == {"code": 201, "message": "2 steps have been successfully ingested", "data": None}
    assert refused.json()["errors"] == {"quest_id": "quest_id must not be empty"}
    assert (users, left) == (["7007"], [])


def test_a_made_up_push_is_in_the_generated_openapi_and_schemas(edition: Path, tmp_path: Path) -> None:
    contract = built_with_quest_steps(edition, tmp_path)
    paths = json.loads((contract / "openapi.json").read_bytes())["paths"]
    assert paths["/v1/quest-steps"]["post"]["operationId"] == "push_quest_steps"
    assert (contract / "quest_step.schema.json").exists()


def built_with_quest_steps(edition: Path, folder: Path) -> Path:
    text = (edition / "reference.md").read_text(encoding="utf-8")
    assert text.count(NEXT) == 1
    document = folder / "reference.md"
    document.write_text(text.replace(NEXT, SECTION.lstrip() + NEXT), encoding="utf-8")
    out = folder / "made-up"
    arguments = ["contract", "build", str(document), "--errata", str(edition / "errata.toml"), "--out", str(out)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return out
