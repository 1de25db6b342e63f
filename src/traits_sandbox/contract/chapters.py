"""Reads the chapters that are about the whole API: servers, limits, Postman, errors, and plain words."""

import re
from collections.abc import Iterator
from typing import Final

from traits_sandbox.contract import shapes
from traits_sandbox.contract.document import Chapter, Fence, Items, Paragraph, Prose, Section, Table
from traits_sandbox.contract.model import DocumentSource, ErrorReply, Example, Server, Variable
from traits_sandbox.contract.parts import Part, words

INTRODUCTION: Final = "Introduction"
ERRORS_HEADER: Final = ("Code", "Message", "Description")

_LIMIT: Final = re.compile(r"up to (\d+)")


def prose(chapter: Chapter) -> Part:
    """Keep a chapter of plain words, under its headings."""
    return Part(prose=tuple(_words(chapter)))


def servers(chapter: Chapter) -> Part:
    """Read the sections that begin with a lone link as servers."""
    linked = ((section.title, _link(section)) for section in chapter.sections[1:])
    found = tuple(Server(name=name, url=url) for name, url in linked if url)
    return Part(servers=found, prose=tuple(_words(chapter)))


def limits(chapter: Chapter) -> Part:
    """Read the number of records a request may carry; a bullet of another kind stops the compiler."""
    numbers = tuple(_limit(chapter, item, line) for item, line in _bullets(chapter))
    if len(numbers) != 1:
        raise chapter.error(chapter.line, f"{len(numbers)} limits where one belongs")
    return Part(limits=numbers, prose=tuple(_words(chapter)))


def postman(chapter: Chapter) -> Part:
    """Read the bullets that begin with a bold name as variables."""
    named = ((_leading_bold(item), item) for item, _ in _bullets(chapter))
    found = tuple(_variable(name, item) for name, item in named if name)
    return Part(variables=found, prose=tuple(_words(chapter)))


def errors(chapter: Chapter) -> Part:
    """Read the table of error replies and the examples beside it."""
    blocks = [(section, *each) for section in chapter.sections for each in section.captioned()]
    rows = (row for _, _, block in blocks if isinstance(block, Table) for row in _error_rows(chapter, block))
    examples = tuple(
        example(chapter, section, caption, block)
        for section, caption, block in blocks
        if isinstance(block, Fence) and block.language == "json"
    )
    return Part(errors=tuple(rows), error_examples=examples, prose=tuple(_words(chapter, facts=True)))


def example(chapter: Chapter, section: Section, caption: str, fence: Fence) -> Example:
    """Return a JSON fence as an example under its caption."""
    where = DocumentSource(section=section.title, line=fence.line)
    return Example(value=shapes.read_json(chapter, fence), title=caption, source=where)


def _words(chapter: Chapter, *, facts: bool = False) -> Iterator[str]:
    # `facts`: tables and JSON are read by the chapter's own rule, so they are no words to keep.
    for section in chapter.sections:
        if section.title != INTRODUCTION:
            yield f"{'#' * (section.level + 1)} {section.heading.markdown}"
        for caption, block in section.captioned():
            if facts and (isinstance(block, Table) or (isinstance(block, Fence) and block.language == "json")):
                continue
            if caption:
                yield f"> {caption}"
            yield words(chapter, block)


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
        raise chapter.error(line, f"limit {item.text!r} without 'up to <number>'")
    return int(match[1])


def _leading_bold(item: Prose) -> str:
    first = next((span for span in item.spans if span.text), None)
    return first.text if first and first.bold else ""


def _variable(name: str, item: Prose) -> Variable:
    return Variable(name=name, description=item.text.removeprefix(name).lstrip(" :-"))


def _error_rows(chapter: Chapter, table: Table) -> Iterator[ErrorReply]:
    if table.header != ERRORS_HEADER:
        raise chapter.error(table.line, f"table with the header {'|'.join(table.header)}")
    for (code, message, description), line in zip(table.rows, table.lines, strict=True):
        if not code.text.isdecimal():
            raise chapter.error(line, f"status code {code.text!r}")
        yield ErrorReply(status=int(code.text), message=message.text, description=description.markdown)
