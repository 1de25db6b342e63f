"""The facts that a rule of the compiler reads from one chapter of the document."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

from traits_sandbox.contract.document import Annotation, Aside, Block, Chapter, Fence, Items, Paragraph
from traits_sandbox.contract.model import (
    Category,
    ErrorReply,
    Example,
    FrozenStruct,
    Operation,
    Record,
    Server,
    Variable,
)

# A command whose URL ends like this shows a header or a host. It is not an endpoint.
ILLUSTRATIVE: Final = "/v1/..."


class CompilerWarning(FrozenStruct, frozen=True, kw_only=True):
    """A contradiction or an omission in the document that does not stop the compiler."""

    line: int
    section: str
    message: str


@dataclass(frozen=True, slots=True)
class ChapterContent:
    """The facts, the description and the warnings of one or more chapters, in the order of the document."""

    prose: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    variables: tuple[Variable, ...] = ()
    limits: tuple[int, ...] = ()
    records: tuple[Record, ...] = ()
    operations: tuple[Operation, ...] = ()
    categories: tuple[Category, ...] = ()
    storages: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    errors: tuple[ErrorReply, ...] = ()
    error_examples: tuple[Example, ...] = ()
    warnings: tuple[CompilerWarning, ...] = ()


def combine(contents: Iterable[ChapterContent]) -> ChapterContent:
    """Return the content of all chapters as one value, in order."""
    sums: dict[str, tuple[Any, ...]] = {field.name: () for field in fields(ChapterContent)}
    for content in contents:
        for name in sums:
            sums[name] += getattr(content, name)
    return ChapterContent(**sums)


def description(chapter: Chapter, block: Block) -> str:
    """Return a block of description as Markdown.

    Raises:
        DocumentError: the block is a table, or code that is not an illustrative shell command.

    """
    match block:
        case Paragraph(prose=prose) | Aside(prose=prose):
            return prose.markdown
        case Annotation(prose=prose):
            return f"> {prose.markdown}"
        case Items(items=items, ordered=ordered):
            marks = (f"{number}." if ordered else "-" for number in range(1, len(items) + 1))
            return "\n".join(f"{mark} {item.markdown}" for mark, item in zip(marks, items, strict=True))
        case Fence(language="shell", text=text) if is_illustrative(text):
            return f"```shell\n{text}```"
        case Fence(language=language):
            raise chapter.error(block.line, f"unexpected {language} example")
        case _:
            raise chapter.error(block.line, "unexpected table")


def is_illustrative(command: str) -> bool:
    """Return whether a shell command only shows the form of a request instead of an endpoint."""
    return command.rstrip().endswith(ILLUSTRATIVE)


def snake_case(heading: str) -> str:
    """Return `ActionParam` as `action_param`."""
    return slug(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", heading))


def slug(heading: str) -> str:
    """Return `Get Segment / Persona traits` as `get_segment_persona_traits`."""
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")
