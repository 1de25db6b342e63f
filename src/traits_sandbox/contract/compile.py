"""Compiles the vendor's document into a contract.

Every block of the document is either read by the rule of its chapter or kept as description; what fits no
rule stops the compiler.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from traits_sandbox.contract import channel, chapters, operations, shapes, tables
from traits_sandbox.contract.document import Chapter, Document
from traits_sandbox.contract.markdown import parse
from traits_sandbox.contract.model import Category, Contract, DocumentSource, Field, Operation, Record
from traits_sandbox.contract.parts import Contradiction, Part, add_up
from traits_sandbox.errors import DocumentError, UsageError

__all__ = ["Contradiction", "compile_document", "compile_file"]

Partials = Callable[[str], tuple[str, str] | None]
"""Finds a partial by its name in the front matter: (file, text), or None."""

CHAPTERS: Final[dict[str, Callable[[Chapter], Part]]] = {
    "REST API Endpoints": chapters.servers,
    "API limits": chapters.limits,
    "Postman Collection": chapters.postman,
    "Behavioural Data Integration": channel.read,
    "Errors": chapters.errors,
}


def compile_file(path: Path, *, edition: str) -> tuple[Contract, tuple[Contradiction, ...]]:
    """Compile the document at `path`; partials are sought in `includes/` beside it, where Slate keeps them.

    Raises:
        UsageError: the file cannot be read.
        DocumentError: the document holds what the compiler does not know.

    """

    def partial(name: str) -> tuple[str, str] | None:
        beside = path.parent / "includes" / f"_{name}.md"
        return (str(beside), _read(beside)) if beside.is_file() else None

    return compile_document(_read(path), file=str(path), edition=edition, partials=partial)


def compile_document(
    text: str, *, file: str, edition: str, partials: Partials = lambda _: None
) -> tuple[Contract, tuple[Contradiction, ...]]:
    """Compile a document into the contract of `edition`, and what was noticed on the way.

    Raises:
        DocumentError: the document holds what the compiler does not know.

    """
    document = parse(text, file=file)
    if not document.title:
        raise DocumentError(file, 1, "front matter without a title")
    included, missing = _include(document, partials)
    part = add_up(_rule(chapter)(chapter) for chapter in (*document.chapters, *included))
    contract = _assemble(document, part, edition)
    findings = (*missing, *_absent(document, included), *part.findings, *_contradictions(contract))
    return contract, tuple(sorted(findings, key=lambda finding: finding.line))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {path}: {reason}") from error


def _include(document: Document, partials: Partials) -> tuple[list[Chapter], list[Contradiction]]:
    included: list[Chapter] = []
    missing: list[Contradiction] = []
    for name in document.includes:
        if found := partials(name):
            included.extend(_partial(*found))
        else:
            message = f"the partial {name!r} is not beside the document"
            missing.append(Contradiction(line=document.includes_line, section="front matter", message=message))
    return included, missing


def _partial(file: str, text: str) -> tuple[Chapter, ...]:
    document = parse(text, file=file)
    if document.includes:
        raise DocumentError(file, document.includes_line, "partial that includes another")
    return document.chapters


def _absent(document: Document, included: list[Chapter]) -> Iterator[Contradiction]:
    titles = {chapter.title for chapter in (*document.chapters, *included)}
    for title in CHAPTERS:
        if title not in titles:
            yield Contradiction(line=1, section="document", message=f"no chapter {title!r}")


def _rule(chapter: Chapter) -> Callable[[Chapter], Part]:
    if chapter.title in CHAPTERS:
        return CHAPTERS[chapter.title]
    return operations.read if operations.is_operation(chapter) else chapters.prose


def _assemble(document: Document, part: Part, edition: str) -> Contract:
    records = _records(document, part)
    _check_unique(document, part)
    return Contract(
        edition=edition,
        title=document.title,
        description="\n\n".join(part.prose),
        servers=part.servers,
        variables=part.variables,
        max_records=part.limits[0] if part.limits else None,
        records=records,
        operations=part.operations,
        categories=tuple(_with_record(each, part.operations) for each in part.categories),
        storages=part.storages,
        formats=part.formats,
        errors=part.errors,
        error_examples=part.error_examples,
    )


def _records(document: Document, part: Part) -> tuple[Record, ...]:
    found: dict[str, Record] = {}
    for record in part.records:
        if not tables.same(record, found.setdefault(record.heading, record)):
            raise DocumentError(document.file, _line(record), f"second, different table {record.heading!r}")
    for record in found.values():
        for field in record.fields:
            if field.item and field.item not in found:
                raise DocumentError(document.file, _line(field), f"list of {field.item!r}, which has no table")
    return tuple(found.values())


def _check_unique(document: Document, part: Part) -> None:
    named: list[tuple[str, Operation | Category]] = []
    named += [(f"operation {each.id!r}", each) for each in part.operations]
    named += [(f"operation {each.key!r}", each) for each in part.operations]
    named += [(f"folder {each.folder!r}", each) for each in part.categories]
    seen: set[str] = set()
    for name, each in named:
        if name in seen:
            raise DocumentError(document.file, _line(each), f"second {name}")
        seen.add(name)


def _with_record(category: Category, found: tuple[Operation, ...]) -> Category:
    bodies = (each.body for each in found if operations.tail(each.path) == category.folder)
    record = next((body.record for body in bodies if body and body.record), "")
    return msgspec.structs.replace(category, record=record)


def _contradictions(contract: Contract) -> Iterator[Contradiction]:
    """Compare every example of a record with the table of that record."""
    records = {record.heading: record for record in contract.records}
    for operation in contract.operations:
        if operation.body and operation.body.record:
            record = records[operation.body.record]
            for row in operation.body.example[operation.body.collection]:
                for message in shapes.contradictions(row, record, records):
                    yield _finding(operation.source, message)
    for category in contract.categories:
        if not category.record:
            yield _finding(category.source, f"no table describes the folder {category.folder!r}")
            continue
        for example in category.examples:
            for message in shapes.contradictions(example.value, records[category.record], records):
                yield _finding(example.source, message)


def _finding(source: DocumentSource | None, message: str) -> Contradiction:
    return Contradiction(line=source.line if source else 0, section=source.section if source else "", message=message)


def _line(value: Record | Field | Operation | Category) -> int:
    return value.source.line if value.source else 0
