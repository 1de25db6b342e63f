"""Reads the chapters about the whole API: servers, limits, Postman, errors, and chapters without facts."""

import re
from collections.abc import Iterator
from typing import Final

from traits_sandbox.contract import shapes
from traits_sandbox.contract.content import ChapterContent, description
from traits_sandbox.contract.document import Block, Chapter, Fence, Items, Paragraph, Prose, Section, Table
from traits_sandbox.contract.model import ErrorReply, Example, Server, SourceLocation, Variable

INTRODUCTION: Final = "Introduction"
ERRORS_HEADER: Final = ("Code", "Message", "Description")

_LIMIT: Final = re.compile(r"up to (\d+)")


def prose(chapter: Chapter) -> ChapterContent:
    """Return a chapter without facts as Markdown: its headings and their text."""
    return ChapterContent(prose=tuple(_prose(chapter)))


def servers(chapter: Chapter) -> ChapterContent:
    """Read each section that starts with a single link as a server."""
    linked = ((section.title, _link(section)) for section in chapter.sections[1:])
    found = tuple(Server(name=name, url=url) for name, url in linked if url)
    return ChapterContent(servers=found, prose=tuple(_prose(chapter)))


def limits(chapter: Chapter) -> ChapterContent:
    """Read the largest number of records in a request.

    Raises:
        DocumentError: a bullet is not a limit, or the chapter does not have exactly one bullet.

    """
    numbers = tuple(_limit(chapter, item, line) for item, line in _bullets(chapter))
    if len(numbers) != 1:
        raise chapter.error(chapter.line, f"{len(numbers)} limits, expected one")
    return ChapterContent(limits=numbers, prose=tuple(_prose(chapter)))


def postman(chapter: Chapter) -> ChapterContent:
    """Read each bullet that starts with a bold name as a variable."""
    named = ((_leading_bold(item), item) for item, _ in _bullets(chapter))
    found = tuple(_variable(name, item) for name, item in named if name)
    return ChapterContent(variables=found, prose=tuple(_prose(chapter)))


def errors(chapter: Chapter) -> ChapterContent:
    """Read the table of error replies and the JSON examples of this chapter."""
    blocks = [(section, *each) for section in chapter.sections for each in section.captioned()]
    rows = (row for _, _, block in blocks if isinstance(block, Table) for row in _error_rows(chapter, block))
    examples = tuple(
        example(chapter, section, caption, block)
        for section, caption, block in blocks
        if isinstance(block, Fence) and block.language == "json"
    )
    prose = tuple(_prose(chapter, skip_facts=True))
    return ChapterContent(errors=tuple(rows), error_examples=examples, prose=prose)


def example(chapter: Chapter, section: Section, caption: str, fence: Fence) -> Example:
    """Return a JSON fence as an example with its caption.

    Raises:
        DocumentError: the fence does not contain JSON.

    """
    where = SourceLocation(section=section.title, line=fence.line)
    return Example(value=shapes.read_json(chapter, fence), title=caption, source=where)


def _prose(chapter: Chapter, *, skip_facts: bool = False) -> Iterator[str]:
    # `skip_facts`: the chapter's own rule reads its tables and JSON, so the description must not repeat them.
    for section in chapter.sections:
        if section.title != INTRODUCTION:
            yield f"{'#' * (section.level + 1)} {section.heading.markdown}"
        for caption, block in section.captioned():
            if skip_facts and _is_fact(block):
                continue
            if caption:
                yield f"> {caption}"
            yield description(chapter, block)


def _is_fact(block: Block) -> bool:
    return isinstance(block, Table) or (isinstance(block, Fence) and block.language == "json")


def _bullets(chapter: Chapter) -> Iterator[tuple[Prose, int]]:
    for section in chapter.sections:
        for block in section.blocks:
            if isinstance(block, Items) and not block.ordered:
                yield from zip(block.items, block.lines, strict=True)


def _link(section: Section) -> str:
    first = section.blocks[0] if section.blocks else None
    if not isinstance(first, Paragraph) or len(first.prose.spans) != 1:
        return ""
    return first.prose.spans[0].href.rstrip("/")


def _limit(chapter: Chapter, item: Prose, line: int) -> int:
    match = _LIMIT.search(item.text)
    if not match:
        raise chapter.error(line, f"the limit {item.text!r} has no 'up to <number>'")
    return int(match[1])


def _leading_bold(item: Prose) -> str:
    first = next((span for span in item.spans if span.text), None)
    return first.text if first and first.bold else ""


def _variable(name: str, item: Prose) -> Variable:
    return Variable(name=name, description=item.text.removeprefix(name).lstrip(" :-"))


def _error_rows(chapter: Chapter, table: Table) -> Iterator[ErrorReply]:
    if table.header != ERRORS_HEADER:
        raise chapter.error(table.line, f"unknown table header {'|'.join(table.header)}")
    for (code, message, meaning), line in zip(table.rows, table.lines, strict=True):
        if not code.text.isdecimal():
            raise chapter.error(line, f"status code {code.text!r} is not a number")
        yield ErrorReply(status=int(code.text), message=message.text, description=meaning.markdown)
