"""Every command and every block of code on the pages runs, and prints what the pages show."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.components import require, require_node
from tests.docs.comparing import same
from tests.docs.pages import COMMANDS, Step, blocks, inline_commands, pages, steps, text
from tests.docs.running import Reader
from tests.docs.unrun import UNRUN
from tests.tiers import part
from tests.wire.newman import NEWMAN
from tests.wire.served import Served, serving

SLOW = ("docs/check-files.md", "docs/contract.md", "docs/judge-a-server.md", "docs/postman.md")
"""Pages whose commands take seconds."""

TOOLS = ("curl", "jq")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("sandbox")) as served:
        yield served


def run_of(page: str) -> list[Step]:
    """Return what is run of a page."""
    return [step for step in steps(page) if not is_listed(step.block.text)]


def is_listed(text: str) -> bool:
    return first_line(text) in UNRUN


def first_line(text: str) -> str:
    return text.partition("\n")[0]


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[part("docs")] if page in SLOW else []) for page in pages() if run_of(page)]
)
def test_the_commands_of_a_page_print_what_it_shows(page: str, sandbox: Served, tmp_path: Path) -> None:
    require("a POSIX shell", present=os.name == "posix")
    for tool in TOOLS:
        require(tool, present=shutil.which(tool))
    if any("npx " in step.block.text for step in run_of(page)):
        require_node()
        require("newman", present=NEWMAN.exists())
    with sandbox.stranger() as client:
        assert client.post("/_sandbox/reset").status_code == 204
    with ExitStack() as stack:
        reader = Reader(tmp_path, sandbox, stack)
        for step in run_of(page):
            reader.follow(step)


def test_every_block_is_run_or_listed_with_a_reason() -> None:
    runnable = [step.block for page in pages() for step in run_of(page)]
    idle = [block for block in runnable if block.language not in COMMANDS and "file" not in block.words]
    assert list(map(str, idle)) == []


def test_every_command_in_a_sentence_is_part_of_a_block_that_is_run_or_listed_with_a_reason() -> None:
    run = "\n".join(step.block.text for page in pages() for step in run_of(page))
    missing = [(page, each) for page in pages() for each in inline_commands(page) if each not in run]
    assert [(page, each) for page, each in missing if not is_listed(each)] == []


def test_every_listed_command_is_shown_and_has_a_reason() -> None:
    shown = {first_line(block.text) for page in pages() for block in blocks(page)}
    shown |= {command for page in pages() for command in inline_commands(page)}
    assert UNRUN.keys() - shown == set()
    assert all(UNRUN.values())


def test_few_commands_are_listed() -> None:
    assert len(UNRUN) <= len([step for page in pages() for step in run_of(page)]) / 2


def test_a_file_is_named_in_the_sentence_above_it() -> None:
    named = [(block, block.words["file"]) for page in pages() for block in blocks(page) if "file" in block.words]
    lines = {page: text(page).splitlines() for page in pages()}
    assert [str(block) for block, name in named if f"`{name}`" not in lines[block.page][block.line - 3]] == []


@pytest.mark.parametrize(
    ("shown", "printed", "equal"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nc\n", "a\nb\n", False),
        ("a\n", "a\nb\n", False),
        ("a\n...\n", "a\nb\nc\n", True),
        ("...\nc\n", "a\nb\nc\n", True),
        ("a\n...\nb\n...\nd\n", "a\nx\nb\ny\nd\n", True),
        ("a\n...\nb\n...\nd\n", "a\nx\nd\n", False),
        ("a\n...\na\n", "a\n", False),
        ('{"id": "5f7c-1", "duration_ms": 1.5}', '{"id":"01ab-22","duration_ms":3}', True),
        ('{"price": 1}', '{"price": 2}', False),
        ('{"price": 1}', '{"price": 1, "count": 1}', False),
        ('{"a": 1}\n{"a": 2}', '{"a": 1} {"a": 2}', True),
        ("10:24:07  201  POST /v1/items  1.2 ms  5f7c-1", "09:00:01  201  POST /v1/items  13.0 ms  00aa-27", True),
        ("10:24:07  201  POST /v1/items  1.2 ms  5f7c-1", "09:00:01  400  POST /v1/items  13.0 ms  00aa-27", False),
    ],
)
def test_outputs_are_compared_without_what_differs_from_run_to_run(shown: str, printed: str, equal: bool) -> None:
    assert same(shown, printed) is equal
