"""A document of the vendor's dialect of Markdown (Slate's), as values with 1-based line numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from traits_sandbox.errors import DocumentError


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text with one look; `href` is where it links to, or empty."""

    text: str
    bold: bool = False
    code: bool = False
    href: str = ""

    @property
    def markdown(self) -> str:
        """Return the stretch with its markup."""
        text = f"`{self.text}`" if self.code else self.text
        text = f"**{text}**" if self.bold else text
        return f"[{text}]({self.href})" if self.href else text


@dataclass(frozen=True, slots=True)
class Prose:
    """Running text as spans; a line break within a paragraph is a space."""

    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        """Return the bare words."""
        return "".join(span.text for span in self.spans)

    @property
    def markdown(self) -> str:
        """Return the words with their markup."""
        return "".join(span.markdown for span in self.spans)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    line: int
    prose: Prose


@dataclass(frozen=True, slots=True)
class Annotation:
    """A blockquote, which in Slate introduces the code that follows it."""

    line: int
    prose: Prose


@dataclass(frozen=True, slots=True)
class NoticeBlock:
    """An `<aside class="notice">`."""

    line: int
    prose: Prose


@dataclass(frozen=True, slots=True)
class Items:
    """A flat list, bulleted or numbered; `lines` has one line number for each item."""

    line: int
    ordered: bool
    items: tuple[Prose, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fence:
    """Fenced code; `line` is that of the opening fence."""

    line: int
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `lines` has one line number for each row below the header."""

    line: int
    header: tuple[str, ...]
    rows: tuple[tuple[Prose, ...], ...]
    lines: tuple[int, ...]


Block = Paragraph | Annotation | NoticeBlock | Items | Fence | Table


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of any level and the blocks up to the next heading."""

    line: int
    level: int
    heading: Prose
    blocks: tuple[Block, ...]

    @property
    def title(self) -> str:
        """Return the bare words of the heading."""
        return self.heading.text

    def captioned(self) -> Iterator[tuple[str, Block]]:
        """Yield each block with its caption: an annotation right before a fence captions it."""
        caption = ""
        for block, following in zip(self.blocks, (*self.blocks[1:], None), strict=False):
            if isinstance(block, Annotation) and isinstance(following, Fence):
                caption = block.prose.markdown
            else:
                yield caption, block
                caption = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A level 1 heading with all sections up to the next one; `sections[0]` is its own."""

    file: str
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        """Return the bare words of the level 1 heading."""
        return self.sections[0].title

    @property
    def line(self) -> int:
        """Return the line of the level 1 heading."""
        return self.sections[0].line

    def error(self, line: int, construct: str) -> DocumentError:
        """Return the error that a construct of this chapter is not understood."""
        return DocumentError(self.file, line, construct)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document; `includes` names the partials of the front matter with the line that says so."""

    file: str
    title: str
    includes: tuple[str, ...]
    includes_line: int
    chapters: tuple[Chapter, ...]
