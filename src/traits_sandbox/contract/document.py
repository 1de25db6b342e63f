"""A document in the vendor's dialect of Markdown (Slate's) as frozen values; lines are counted from 1."""

from collections.abc import Iterator
from dataclasses import dataclass

from traits_sandbox.errors import DocumentError


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text with the same markup; `href` is the target of its link, or empty."""

    text: str
    bold: bool = False
    code: bool = False
    href: str = ""

    @property
    def markdown(self) -> str:
        """Return the text with its markup."""
        text = f"`{self.text}`" if self.code else self.text
        text = f"**{text}**" if self.bold else text
        return f"[{text}]({self.href})" if self.href else text


@dataclass(frozen=True, slots=True)
class Prose:
    """Text as a sequence of spans; a line break in a paragraph becomes a space."""

    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        """Return the text without markup."""
        return "".join(span.text for span in self.spans)

    @property
    def markdown(self) -> str:
        """Return the text with its markup."""
        return "".join(span.markdown for span in self.spans)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    line: int
    prose: Prose


@dataclass(frozen=True, slots=True)
class Annotation:
    """A blockquote; in Slate it introduces the code that follows."""

    line: int
    prose: Prose


@dataclass(frozen=True, slots=True)
class Aside:
    """An `<aside class="notice">`."""

    line: int
    prose: Prose


@dataclass(frozen=True, slots=True)
class Items:
    """A list without sublists, bulleted or numbered; `lines` has the line of each item."""

    line: int
    ordered: bool
    items: tuple[Prose, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fence:
    """Fenced code; `line` is the line of the opening fence."""

    line: int
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `lines` has the line of each row below the header."""

    line: int
    header: tuple[str, ...]
    rows: tuple[tuple[Prose, ...], ...]
    lines: tuple[int, ...]


Block = Paragraph | Annotation | Aside | Items | Fence | Table


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of any level and the blocks up to the next heading."""

    line: int
    level: int
    heading: Prose
    blocks: tuple[Block, ...]

    @property
    def title(self) -> str:
        """Return the heading without markup."""
        return self.heading.text

    def captioned(self) -> Iterator[tuple[str, Block]]:
        """Yield each block with its caption: the text of an annotation directly before a fence, or empty.

        Such an annotation is not yielded itself.
        """
        caption = ""
        for block, following in zip(self.blocks, (*self.blocks[1:], None), strict=False):
            if isinstance(block, Annotation) and isinstance(following, Fence):
                caption = block.prose.markdown
            else:
                yield caption, block
                caption = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """The sections from a level 1 heading up to the next one; `sections[0]` belongs to that heading."""

    file: str
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        """Return the level 1 heading without markup."""
        return self.sections[0].title

    @property
    def line(self) -> int:
        """Return the line of the level 1 heading."""
        return self.sections[0].line

    def error(self, line: int, problem: str) -> DocumentError:
        """Return the error to raise for something in this chapter that the compiler does not know."""
        return DocumentError(self.file, line, problem)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document; `includes` are the names of partials in the front matter, `includes_line` their line."""

    file: str
    title: str
    includes: tuple[str, ...]
    includes_line: int
    chapters: tuple[Chapter, ...]
