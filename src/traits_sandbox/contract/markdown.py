"""Reads the vendor's dialect of Markdown (Slate's) into chapters, sections and typed blocks.

A construct that is not listed here stops the compiler with file and line. If the reader skipped it,
nobody would see that the document has changed.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import yaml
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.front_matter import front_matter_plugin

from traits_sandbox.contract.document import (
    Annotation,
    Aside,
    Block,
    Chapter,
    Document,
    Fence,
    Items,
    Paragraph,
    Prose,
    Section,
    Span,
    Table,
)
from traits_sandbox.errors import DocumentError

# Tabs, search and footers say nothing about the API. Their names are listed so that a new name stops the compiler.
FRONT_MATTER: Final = frozenset({"title", "language_tabs", "toc_footers", "includes", "search"})
LANGUAGES: Final = frozenset({"shell", "json"})

_NOTICE: Final = re.compile(r'<aside class="notice">\n(?P<inner>.*)\n</aside>\n?', re.DOTALL)
_ANCHOR: Final = re.compile(r'<a href="(?P<href>[^"]*)"(?: target="[^"]*")?>')


def parse(text: str, *, file: str) -> Document:
    """Read the text of a document; `file` is its path in messages.

    Raises:
        DocumentError: the text contains a construct that is not part of the dialect.

    """
    return _MarkdownReader(file, text.splitlines()).document(text)


@dataclass(frozen=True, slots=True)
class _MarkdownReader:
    file: str
    lines: list[str]

    def error(self, line: int, problem: str) -> DocumentError:
        return DocumentError(self.file, line, problem)

    def document(self, text: str) -> Document:
        environment: dict[str, Any] = {}
        nodes = SyntaxTreeNode(_parser().parse(text, environment)).children
        # The parser makes no token of a link definition, so only its environment shows that there is one.
        for definition in environment.get("references", {}).values():
            raise self.error(definition["map"][0] + 1, "link reference definition")
        front = [node for node in nodes if node.type == "front_matter"]
        title, includes, line = self.front_matter(front[0].content if front else "")
        sections = tuple(self.sections([node for node in nodes if node.type != "front_matter"]))
        return Document(self.file, title, includes, line, tuple(self.chapters(sections)))

    def front_matter(self, text: str) -> tuple[str, tuple[str, ...], int]:
        lines = self.front_matter_keys(text)
        values = yaml.safe_load(text) or {}
        includes = values.get("includes") or []
        if not isinstance(includes, list):
            raise self.error(lines["includes"], "'includes' in the front matter is not a list")
        return str(values.get("title", "")), tuple(map(str, includes)), lines.get("includes", 1)

    def front_matter_keys(self, text: str) -> dict[str, int]:
        try:
            tree = yaml.compose(text, yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise self.error(1, f"the front matter is not YAML: {' '.join(str(error).split())}") from error
        if tree is None:
            return {}
        if not isinstance(tree, yaml.MappingNode):
            raise self.error(1, "the front matter is not a mapping")
        # +2: YAML counts lines from 0, and its text starts one line below the opening dashes.
        lines = {str(key.value): key.start_mark.line + 2 for key, _ in tree.value}
        for key, line in lines.items():
            if key not in FRONT_MATTER:
                raise self.error(line, f"unknown key {key!r} in the front matter")
        return lines

    def chapters(self, sections: tuple[Section, ...]) -> Iterator[Chapter]:
        starts = [index for index, section in enumerate(sections) if section.level == 1]
        if sections and starts[:1] != [0]:
            raise self.error(sections[0].line, "heading before the first '#' heading")
        for start, end in pairwise([*starts, len(sections)]):
            yield Chapter(self.file, sections[start:end])

    def sections(self, nodes: list[SyntaxTreeNode]) -> Iterator[Section]:
        starts = [index for index, node in enumerate(nodes) if node.type == "heading"]
        if nodes and starts[:1] != [0]:
            raise self.error(_line(nodes[0]), "text before the first heading")
        for start, end in pairwise([*starts, len(nodes)]):
            heading = nodes[start]
            blocks = tuple(self.block(node) for node in nodes[start + 1 : end])
            yield Section(_line(heading), int(heading.tag[1:]), self.prose(heading, _line(heading)), blocks)

    def block(self, node: SyntaxTreeNode) -> Block:
        rule = _BLOCKS.get(node.type)
        if rule is None:
            raise self.error(_line(node), f"unknown construct '{node.type}'")
        return rule(self, node)

    def paragraph(self, node: SyntaxTreeNode) -> Paragraph:
        return Paragraph(_line(node), self.prose(node, _line(node)))

    def annotation(self, node: SyntaxTreeNode) -> Annotation:
        return Annotation(_line(node), self.only_paragraph(node, "blockquote"))

    def items(self, node: SyntaxTreeNode) -> Items:
        items = tuple(self.only_paragraph(item, "list item") for item in node.children)
        return Items(_line(node), node.type == "ordered_list", items, tuple(map(_line, node.children)))

    def only_paragraph(self, node: SyntaxTreeNode, what: str) -> Prose:
        for child in node.children[1:] or node.children[:1]:
            if child.type != "paragraph" or len(node.children) > 1:
                raise self.error(_line(child), f"{what} with more than one paragraph: '{child.type}'")
        if not node.children:
            raise self.error(_line(node), f"empty {what}")
        return self.prose(node.children[0], _line(node))

    def fence(self, node: SyntaxTreeNode) -> Fence:
        if node.info not in LANGUAGES:
            raise self.error(_line(node), f"code fence of the unknown language {node.info!r}")
        return Fence(_line(node), node.info, node.content)

    def table(self, node: SyntaxTreeNode) -> Table:
        head, *bodies = node.children
        header = tuple(self.prose(cell, _line(head)).text for cell in head.children[0].children)
        rows = [row for body in bodies for row in body.children]
        for row in rows:
            self.check_width(row, len(header))
        cells = tuple(tuple(self.prose(cell, _line(row)) for cell in row.children) for row in rows)
        return Table(_line(node), header, cells, tuple(map(_line, rows)))

    def check_width(self, row: SyntaxTreeNode, width: int) -> None:
        # The parser silently drops cells beyond the header's width and adds missing ones.
        source = self.lines[_line(row) - 1].strip().removeprefix("|")
        cells = re.split(r"(?<!\\)\|", source)
        if len(cells) - (len(cells) > width and not cells[-1].strip()) != width:
            raise self.error(_line(row), f"table row with {len(cells)} cells, but the header has {width}")

    def aside(self, node: SyntaxTreeNode) -> Aside:
        match = _NOTICE.fullmatch(node.content)
        if not match:
            raise self.error(_line(node), f"unknown HTML {node.content.splitlines()[0]!r}")
        inner = SyntaxTreeNode(_parser().parseInline(match["inner"]))
        return Aside(_line(node), self.prose(inner, _line(node) + 1))

    def prose(self, node: SyntaxTreeNode, line: int) -> Prose:
        spans = (span for child in node.children for span in self.spans(child.children, Span(""), line))
        return Prose(tuple(spans))

    def spans(self, nodes: list[SyntaxTreeNode], style: Span, line: int) -> Iterator[Span]:
        outer = style
        for node in nodes:
            match node.type:
                case "text":
                    yield replace(style, text=node.content)
                case "softbreak":
                    yield replace(style, text=" ")
                case "code_inline":
                    yield replace(style, text=node.content, code=True)
                case "strong":
                    yield from self.spans(node.children, replace(style, bold=True), line)
                case "link":
                    yield from self.spans(node.children, replace(style, href=str(node.attrs["href"])), line)
                case "html_inline":
                    style = self.tag(node.content, style, line)
                case _:
                    raise self.error(line, f"unknown construct '{node.type}'")
        if style != outer:
            raise self.error(line, "HTML tag that is not closed")

    def tag(self, tag: str, style: Span, line: int) -> Span:
        if anchor := _ANCHOR.fullmatch(tag):
            return replace(style, href=anchor["href"])
        match tag:
            case "<b>":
                return replace(style, bold=True)
            case "</b>":
                return replace(style, bold=False)
            case "</a>":
                return replace(style, href="")
        raise self.error(line, f"unknown HTML {tag!r}")


_BLOCKS: Final[dict[str, Callable[[_MarkdownReader, SyntaxTreeNode], Block]]] = {
    "paragraph": _MarkdownReader.paragraph,
    "blockquote": _MarkdownReader.annotation,
    "bullet_list": _MarkdownReader.items,
    "ordered_list": _MarkdownReader.items,
    "fence": _MarkdownReader.fence,
    "table": _MarkdownReader.table,
    "html_block": _MarkdownReader.aside,
}


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").use(front_matter_plugin)


def _line(node: SyntaxTreeNode) -> int:
    return node.map[0] + 1 if node.map else 0
