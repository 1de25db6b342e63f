"""What the rules of the compiler hand over: the part of the contract that one chapter of the document gives."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

from traits_sandbox.contract.document import Annotation, Block, Chapter, Fence, Items, NoticeBlock, Paragraph
from traits_sandbox.contract.model import (
    Category,
    ContractValue,
    ErrorReply,
    Example,
    Operation,
    Record,
    Server,
    Variable,
)

# A path that ends like this illustrates a header or a host; it is no endpoint.
ILLUSTRATIVE: Final = "/v1/..."


class Contradiction(ContractValue, frozen=True, kw_only=True):
    """Something the document says against itself or leaves out, which does not stop the compiler."""

    line: int
    section: str
    message: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one chapter gives; parts add up in the order of the document."""

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
    findings: tuple[Contradiction, ...] = ()


def add_up(parts: Iterable[Part]) -> Part:
    """Return one part with everything of all parts, in order."""
    sums: dict[str, tuple[Any, ...]] = {field.name: () for field in fields(Part)}
    for part in parts:
        for name in sums:
            sums[name] += getattr(part, name)
    return Part(**sums)


def words(chapter: Chapter, block: Block) -> str:
    """Return a block of description as Markdown; raises DocumentError for a block that describes nothing."""
    match block:
        case Paragraph(prose=prose) | NoticeBlock(prose=prose):
            return prose.markdown
        case Annotation(prose=prose):
            return f"> {prose.markdown}"
        case Items(items=items, ordered=ordered):
            marks = (f"{number}." if ordered else "-" for number in range(1, len(items) + 1))
            return "\n".join(f"{mark} {item.markdown}" for mark, item in zip(marks, items, strict=True))
        case Fence(language="shell", text=text) if is_illustrative(text):
            return f"```shell\n{text}```"
        case Fence(language=language):
            raise chapter.error(block.line, f"{language} example that nothing here asks for")
        case _:
            raise chapter.error(block.line, "table that nothing here asks for")


def is_illustrative(command: str) -> bool:
    """Tell whether a shell fence shows the form of a call rather than an endpoint."""
    return command.rstrip().endswith(ILLUSTRATIVE)


def snake_case(heading: str) -> str:
    """Return `ActionParam` as `action_param`."""
    return slug(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", heading))


def slug(heading: str) -> str:
    """Return `Get Segment / Persona traits` as `get_segment_persona_traits`."""
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")
