"""The pages of the documentation, and the blocks of code on them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
REFERENCE = "docs/reference/"

COMMANDS = ("sh", "python")
OUTPUTS = ("json", "text")

# What makes inline code a command that a reader may copy; in capitals it is a placeholder or a synopsis.
_INLINE_COMMAND = re.compile(
    r"(?:traits-sandbox |sh scripts/|\.venv/bin/\S+ |python -m |npx |curl |pip |pre-commit ).+"
)
_PLACEHOLDER = re.compile(r"\[[A-Z]|\b[A-Z]{3,}\b")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it begins, its language, the further words of its first line, and its text.

    GitHub ignores the further words. `exit=1` is the exit code of a command, `file=NAME` has the block written to a
    file, and `log` compares an output with the log of the sandbox instead of what the command printed.
    """

    page: str
    line: int
    language: str
    words: dict[str, str] = field(default_factory=dict)
    text: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, slots=True)
class Step:
    """One block that does something, with the outputs that are shown below it."""

    block: Block
    outputs: tuple[Block, ...] = ()


def pages() -> list[str]:
    """Return the pages whose commands are run."""
    written = (path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md")))
    return ["README.md", *written, "CONTRIBUTING.md", "conformance/README.md", "SECURITY.md"]


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@cache
def tokens(page: str) -> tuple[Token, ...]:
    return tuple(MarkdownIt("commonmark").enable("table").parse(text(page)))


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, from top to bottom."""
    return [_block(page, token) for token in tokens(page) if token.type == "fence"]


def steps(page: str) -> list[Step]:
    """Return the blocks of a page in order, each output with the command above it."""
    found: list[Step] = []
    for block in blocks(page):
        if block.language in OUTPUTS and found and found[-1].block.language in COMMANDS:
            found[-1] = Step(found[-1].block, (*found[-1].outputs, block))
        else:
            found.append(Step(block))
    return found


def inline_code(page: str) -> Iterator[str]:
    """Yield each piece of code that stands in a sentence or in a table."""
    for token in tokens(page):
        yield from (child.content for child in token.children or () if child.type == "code_inline")


def inline_commands(page: str) -> list[str]:
    """Return the commands of a page that stand in a sentence, without those that are synopses."""
    return [code for code in inline_code(page) if _INLINE_COMMAND.fullmatch(code) and not _PLACEHOLDER.search(code)]


def _block(page: str, token: Token) -> Block:
    language, *words = token.info.split()
    assert token.map is not None
    named = dict(word.partition("=")[::2] for word in words)
    return Block(page, token.map[0] + 1, language, named, token.content)
