"""Whatever a page names exists: options, environment variables, headers, paths of the API and of the control API."""

import json
import re
from collections.abc import Iterator

import click

from tests.docs.pages import ROOT, blocks, inline_code, pages
from tools.command_page import commands
from traits_sandbox.contract.load import load

FOREIGN_OPTIONS = {
    "--env-var": "newman",
    "--full": "scripts/proofs",
    "--lowest": "scripts/test",
    "--newest": "scripts/test",
    "--check": "scripts/generate",
    "--upgrade": "scripts/lock",
    "--platform": "mypy",
    "--quick": "benchmarks",
    "--write": "tests.conformance.kill_matrix",
}
"""Options of other programs, and whose they are."""

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_VARIABLE = re.compile(r"\bTRAITS_[A-Z_]+\b")
_HEADER = re.compile(r"\bSandbox-[A-Z][A-Za-z-]+\b")
_PATH = re.compile(r"/(?:_sandbox|v1)/[\w/{}.-]*")


def named(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield what the code on the pages names, with its page."""
    for page in pages():
        code = [*inline_code(page), *(block.text for block in blocks(page))]
        yield from ((page, found) for text in code for found in pattern.findall(text))


def options() -> Iterator[click.Option]:
    for _, command in commands():
        yield from (each for each in command.params if isinstance(each, click.Option))


def known_paths() -> list[re.Pattern[str]]:
    """Return a pattern for each path of the control API and of the API, in lenient mode too."""
    control = json.loads((ROOT / "schemas/control.openapi.json").read_bytes())["paths"]
    contract = load("2020-09")
    api = [each.path for each in contract.operations] + [each.path for each in contract.leniency.routes]
    return [re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))) for path in (*control, *api)]


def test_every_option_exists() -> None:
    known = {name for option in options() for name in option.opts} | {"--version", "--help"} | FOREIGN_OPTIONS.keys()
    sentences = [(page, name) for page in pages() for code in inline_code(page) for name in _OPTION.findall(code)]
    assert [(page, name) for page, name in sentences if name not in known] == []
    assert FOREIGN_OPTIONS.keys() - {name for _, name in sentences} == set()


def test_every_environment_variable_exists() -> None:
    known = {option.envvar for option in options()}
    assert [each for each in named(_VARIABLE) if each[1] not in known] == []


def test_every_header_exists() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")).lower()
    assert [each for each in named(_HEADER) if each[1].lower() not in source] == []


def test_every_path_exists() -> None:
    known = known_paths()
    unknown = {(page, path) for page, path in named(_PATH) if not any(each.fullmatch(path) for each in known)}
    assert unknown == set()
