import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.components import require

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run() -> Mapping[str, Any]:
    require("the folder benchmarks", present=(ROOT / "benchmarks").is_dir())
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "P1", "--json"]
    printed: Mapping[str, Any] = json.loads(
        subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    )
    return printed


def test_a_run_has_the_requested_figures(run: Mapping[str, Any]) -> None:
    assert [each["id"] for each in run["figures"] + run["skipped"]] == ["P1", "P1"]


def test_a_figure_is_a_positive_ratio_within_its_spread(run: Mapping[str, Any]) -> None:
    assert all(0 < each["low"] <= each["ratio"] <= each["high"] for each in run["figures"])


def test_a_figure_has_its_target(run: Mapping[str, Any]) -> None:
    assert {name for each in run["figures"] for name in each["target"]} <= {"at_most", "at_least"}
    assert all(isinstance(each["met"], bool) for each in run["figures"])


def test_a_run_describes_its_machine(run: Mapping[str, Any]) -> None:
    assert {"processor", "cores", "python", "libraries"} <= run["machine"].keys()


def test_an_unknown_benchmark_is_an_error() -> None:
    command = [sys.executable, "-m", "benchmarks", "--only", "P99"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, "no benchmark P99" in ended.stderr) == (2, True)
