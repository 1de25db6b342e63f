"""Newman, which runs Postman collections without Postman."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.components import require, require_node
from tests.patience import PATIENCE
from tests.wire.served import Served
from traits_sandbox import resources

NEWMAN = Path(__file__).parents[1] / "newman/node_modules/.bin/newman"
POSTMAN = resources.folder("postman")
COLLECTION = POSTMAN / "12traits-sandbox.postman_collection.json"
ENVIRONMENT = POSTMAN / "sandbox.postman_environment.json"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run: newman's exit code, the requests it made, and each test that failed, by its request."""

    code: int
    requests: list[str]
    failures: list[tuple[str, str]]
    tests: int


def run(served: Served, folder: Path, *, url: str = "", collection: Path = COLLECTION) -> Run:
    """Run a collection against a server, or what stands before it at `url`; the report goes to the folder."""
    require_node()
    require("newman", present=NEWMAN.exists())
    report = folder / "newman.json"
    variables = {"BASE_URL": url or served.url, "API_KEY": served.key}
    command = [str(NEWMAN), "run", str(collection), "--environment", str(ENVIRONMENT), "--working-dir", str(POSTMAN)]
    command += [word for name, value in variables.items() for word in ("--env-var", f"{name}={value}")]
    command += ["--reporters", "json", "--reporter-json-export", str(report)]
    command += ["--ssl-extra-ca-certs", served.ca_file] if served.ca_file else []
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert report.exists(), done.stdout + done.stderr
    return _run(done.returncode, json.loads(report.read_bytes())["run"])


def _run(code: int, report: Json) -> Run:
    failures = [(each["source"]["name"], each["error"]["test"]) for each in report["failures"]]
    requests = [each["item"]["name"] for each in report["executions"]]
    return Run(code, requests, failures, report["stats"]["assertions"]["total"])


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
