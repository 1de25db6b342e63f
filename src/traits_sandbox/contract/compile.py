"""Compiles the vendor's document into a contract.

The rule of a chapter reads each of its blocks as a fact, or keeps it as description. A block that fits
no rule stops the compiler.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from traits_sandbox.contract import chapters, object_storage, operations, shapes, tables
from traits_sandbox.contract.content import ChapterContent, CompilerWarning, combine
from traits_sandbox.contract.document import Chapter, Document
from traits_sandbox.contract.markdown import parse
from traits_sandbox.contract.model import Category, Contract, Field, Operation, Record, SourceLocation
from traits_sandbox.errors import DocumentError, UsageError

Compiled = tuple[Contract, tuple[CompilerWarning, ...]]
"""A contract, and the warnings of the compiler in the order of the document."""

PartialFinder = Callable[[str], tuple[str, str] | None]
"""Returns the path and text of a partial, given its name in the front matter; None if there is none."""

CHAPTERS: Final[dict[str, Callable[[Chapter], ChapterContent]]] = {
    "REST API Endpoints": chapters.servers,
    "API limits": chapters.limits,
    "Postman Collection": chapters.postman,
    "Behavioural Data Integration": object_storage.read,
    "Errors": chapters.errors,
}


def compile_file(path: Path, *, edition: str) -> Compiled:
    """Compile the document at `path` and its partials, which Slate keeps in the folder `includes` beside it.

    Raises:
        UsageError: the file cannot be read.
        DocumentError: the document contains something that the compiler does not know.

    """

    def partial(name: str) -> tuple[str, str] | None:
        beside = path.parent / "includes" / f"_{name}.md"
        return (str(beside), _read(beside)) if beside.is_file() else None

    return compile_document(_read(path), file=str(path), edition=edition, partials=partial)


def compile_document(text: str, *, file: str, edition: str, partials: PartialFinder = lambda _: None) -> Compiled:
    """Compile the text of a document into the contract of `edition`; `file` is its path in messages.

    Raises:
        DocumentError: the document contains something that the compiler does not know.

    """
    document = parse(text, file=file)
    if not document.title:
        raise DocumentError(file, 1, "the front matter has no title")
    included, missing = _include(document, partials)
    content = combine(_rule(chapter)(chapter) for chapter in (*document.chapters, *included))
    contract = _assemble(document, content, edition)
    warnings = (*missing, *_missing_chapters(document, included), *content.warnings, *_example_mismatches(contract))
    return contract, tuple(sorted(warnings, key=lambda warning: warning.line))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {path}: {reason}") from error


def _include(document: Document, partials: PartialFinder) -> tuple[list[Chapter], list[CompilerWarning]]:
    included: list[Chapter] = []
    missing: list[CompilerWarning] = []
    for name in document.includes:
        if found := partials(name):
            included.extend(_partial(*found))
        else:
            message = f"the partial {name!r} is missing"
            missing.append(CompilerWarning(line=document.includes_line, section="front matter", message=message))
    return included, missing


def _partial(file: str, text: str) -> tuple[Chapter, ...]:
    document = parse(text, file=file)
    if document.includes:
        raise DocumentError(file, document.includes_line, "a partial must not include another one")
    return document.chapters


def _missing_chapters(document: Document, included: list[Chapter]) -> Iterator[CompilerWarning]:
    titles = {chapter.title for chapter in (*document.chapters, *included)}
    for title in CHAPTERS:
        if title not in titles:
            yield CompilerWarning(line=1, section="document", message=f"no chapter {title!r}")


def _rule(chapter: Chapter) -> Callable[[Chapter], ChapterContent]:
    if chapter.title in CHAPTERS:
        return CHAPTERS[chapter.title]
    return operations.read if operations.is_operation(chapter) else chapters.prose


def _assemble(document: Document, content: ChapterContent, edition: str) -> Contract:
    records = _records(document, content)
    _check_unique(document, content)
    return Contract(
        edition=edition,
        title=document.title,
        description="\n\n".join(content.prose),
        servers=content.servers,
        variables=content.variables,
        max_records=content.limits[0] if content.limits else None,
        records=records,
        operations=content.operations,
        categories=tuple(_with_record(each, content.operations) for each in content.categories),
        storages=content.storages,
        formats=content.formats,
        errors=content.errors,
        error_examples=content.error_examples,
    )


def _records(document: Document, content: ChapterContent) -> tuple[Record, ...]:
    found: dict[str, Record] = {}
    for record in content.records:
        if not tables.same(record, found.setdefault(record.heading, record)):
            raise DocumentError(document.file, _line(record), f"another table {record.heading!r} with other fields")
    for record in found.values():
        for field in record.fields:
            if field.item and field.item not in found:
                raise DocumentError(document.file, _line(field), f"list of {field.item!r}, but no table describes it")
    return tuple(found.values())


def _check_unique(document: Document, content: ChapterContent) -> None:
    named: list[tuple[str, Operation | Category]] = []
    named += [(f"operation {each.id!r}", each) for each in content.operations]
    named += [(f"operation {each.key!r}", each) for each in content.operations]
    named += [(f"folder {each.folder!r}", each) for each in content.categories]
    seen: set[str] = set()
    for name, each in named:
        if name in seen:
            raise DocumentError(document.file, _line(each), f"{name} appears twice")
        seen.add(name)


def _with_record(category: Category, found: tuple[Operation, ...]) -> Category:
    bodies = (each.body for each in found if operations.tail(each.path) == category.folder)
    record = next((body.record for body in bodies if body and body.record), "")
    return msgspec.structs.replace(category, record=record)


def _example_mismatches(contract: Contract) -> Iterator[CompilerWarning]:
    """Compare every example of a record with the table of that record."""
    records = {record.heading: record for record in contract.records}
    for operation in contract.operations:
        if operation.body and operation.body.record:
            record = records[operation.body.record]
            for row in operation.body.example[operation.body.collection]:
                for message in shapes.mismatches(row, record, records):
                    yield _warning(operation.source, message)
    for category in contract.categories:
        if not category.record:
            yield _warning(category.source, f"no table describes the folder {category.folder!r}")
            continue
        for example in category.examples:
            for message in shapes.mismatches(example.value, records[category.record], records):
                yield _warning(example.source, message)


def _warning(source: SourceLocation | None, message: str) -> CompilerWarning:
    return CompilerWarning(line=source.line if source else 0, section=source.section if source else "", message=message)


def _line(value: Record | Field | Operation | Category) -> int:
    return value.source.line if value.source else 0
