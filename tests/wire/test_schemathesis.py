"""Schemathesis, with its default checks and our few exceptions, finds nothing wrong with a real sandbox."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.components import require
from tests.tiers import part
from tests.wire.served import Served

# Any other seed may be tried by hand.
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
# Of each operation and phase.
EXAMPLES = [8, pytest.param(25, marks=part("hostile"))]
COMMAND = Path(sys.executable).with_name("schemathesis")


@pytest.mark.parametrize("examples", EXAMPLES)
def test_schemathesis_finds_no_failure(sandbox: Served, edition: Path, tmp_path: Path, examples: int) -> None:
    require("schemathesis", present=shutil.which(COMMAND))
    config = Path(__file__).with_name("schemathesis.toml")
    options = [
        "--url",
        sandbox.url,
        "-H",
        f"Authorization: Bearer {sandbox.key}",
        "--seed",
        SEED,
        "--max-examples",
        str(examples),
    ]
    result = subprocess.run(
        [COMMAND, "--config-file", config, "run", edition / "openapi.json", *options, "--no-color"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
    paths = json.loads((edition / "openapi.json").read_bytes())["paths"]
    assert f"Tested: {sum(map(len, paths.values()))}" in result.stdout
