"""Schemathesis, with its default checks and our few exceptions, finds nothing wrong with the control API."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.components import require
from tests.wire.served import Served
from tests.wire.test_schemathesis import EXAMPLES
from traits_sandbox.resources import schemas

# Any other seed may be tried by hand.
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
COMMAND = Path(sys.executable).with_name("schemathesis")

# As in schemathesis.toml, but for the exceptions of the emulated API, which the control API does not need.
CONFIG = """
continue-on-failure = true
warnings = false

[cache]
enabled = false

[generation]
database = "none"

# A fault may expire before it is asked for.
[checks.ensure_resource_availability]
enabled = false
"""

# A schema cannot say which requests are in the journal, and `since` may name one; nor that a match may not mix
# operators with names of members, nor which members of a fault go together, nor where a batch of rows must begin.
BEYOND_A_SCHEMA = [
    "GET /_sandbox/requests",
    "GET /_sandbox/records/{kind}",
    *(f"POST /_sandbox/{name}/{action}" for name in ("requests", "records") for action in ("count", "find", "wait")),
    "POST /_sandbox/faults",
    "POST /_sandbox/bulk/{folder}",
]
# Where `short_waits` narrows what is valid, the sandbox takes more than the document allows.
NARROWED = ["POST /_sandbox/requests/wait", "POST /_sandbox/records/wait"]


def exceptions() -> str:
    """Return the tables of the configuration that let single operations answer otherwise."""
    tables = []
    for name in BEYOND_A_SCHEMA:
        tables += ["[[operations]]", f'include-name = "{name}"']
        tables.append('checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409"]')
        if name in NARROWED:
            tables.append('checks.negative_data_rejection.expected-statuses = ["200", "4xx"]')
    return "\n".join(tables)


def short_waits(document: str) -> str:
    """Return the document with waits that end soon: by its own bounds one may last a minute."""
    described = json.loads(document)
    for name in ("WaitQuery", "RecordWaitQuery"):
        schema = described["components"]["schemas"][name]
        schema["properties"]["timeout_ms"] |= {"maximum": 20, "default": 20}
        schema["required"] = [*schema.get("required", []), "timeout_ms"]
    return json.dumps(described)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_schemathesis_finds_no_failure(sandbox: Served, tmp_path: Path, examples: int) -> None:
    require("schemathesis", present=shutil.which(COMMAND))
    config, document = tmp_path / "schemathesis.toml", tmp_path / "control.openapi.json"
    config.write_text(CONFIG + exceptions(), encoding="utf-8")
    original = (schemas() / "control.openapi.json").read_text(encoding="utf-8")
    document.write_text(short_waits(original), encoding="utf-8")
    options = ["--url", sandbox.url, "--seed", SEED, "--max-examples", str(examples), "--no-color"]
    result = subprocess.run(
        [COMMAND, "--config-file", config, "run", document, *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
    operations = sum(len(item) for item in json.loads(original)["paths"].values())
    assert f"Tested: {operations}" in result.stdout
