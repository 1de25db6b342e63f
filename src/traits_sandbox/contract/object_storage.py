"""Reads the chapter about object storage: the storages, data formats and data categories."""

import re
from collections.abc import Iterator
from typing import Final

from traits_sandbox.contract.chapters import example
from traits_sandbox.contract.content import ChapterContent, CompilerWarning, description
from traits_sandbox.contract.document import Block, Chapter, Fence, Items, Paragraph, Section
from traits_sandbox.contract.model import Category, SourceLocation

STORAGES: Final = "Supported cloud object storages"
FORMATS: Final = "Supported data formats"
ACCESS: Final = "Configure access"

_EXPECTED: Final = re.compile(r"Expected folder: (\w+)/")
_FOLDER: Final = re.compile(r"\w+")


def read(chapter: Chapter) -> ChapterContent:
    """Return the facts of the chapter.

    The compiler warns if a section is missing, or if the listed and the described folders differ.

    Raises:
        DocumentError: a section contains a table, or code that is not an example of a category.

    """
    return ChapterContent(
        storages=tuple(_bullets(chapter, STORAGES)),
        formats=tuple(re.split(r"\s*[(:]", text)[0] for text in _bullets(chapter, FORMATS)),
        categories=tuple(_category(chapter, section) for section in chapter.sections if _folder(section)),
        warnings=(*_missing_sections(chapter), *_folder_mismatches(chapter)),
        prose=tuple(_prose(chapter)),
    )


def _bullets(chapter: Chapter, title: str) -> Iterator[str]:
    for section in chapter.sections:
        for block in section.blocks:
            if section.title == title and isinstance(block, Items):
                yield from (item.text for item in block.items)


def _folder(section: Section) -> str:
    texts = (block.prose.text for block in section.blocks if isinstance(block, Paragraph))
    return next((match[1] for match in map(_EXPECTED.fullmatch, texts) if match), "")


def _category(chapter: Chapter, section: Section) -> Category:
    pairs = list(section.captioned())
    fences = ((caption, block) for caption, block in pairs if isinstance(block, Fence))
    return Category(
        folder=_folder(section),
        title=section.title,
        description="\n\n".join(description(chapter, block) for _, block in pairs if _is_description(block)),
        source=SourceLocation(section=section.title, line=section.line),
        examples=tuple(example(chapter, section, caption, fence) for caption, fence in fences),
    )


def _is_description(block: Block) -> bool:
    return not isinstance(block, Fence) and not (isinstance(block, Paragraph) and _EXPECTED.fullmatch(block.prose.text))


def _missing_sections(chapter: Chapter) -> Iterator[CompilerWarning]:
    titles = {section.title for section in chapter.sections}
    for title in (STORAGES, FORMATS, ACCESS):
        if title not in titles:
            yield CompilerWarning(line=chapter.line, section=chapter.title, message=f"no section {title!r}")


def _folder_mismatches(chapter: Chapter) -> Iterator[CompilerWarning]:
    """Compare the root folders that the access section lists with the folders that have a section."""
    described = {folder for section in chapter.sections if (folder := _folder(section))}
    for section in chapter.sections:
        if section.title == ACCESS:
            listed = set(_listed_folders(section))
            for folder in sorted(listed ^ described):
                missing = "no section of its own" if folder in listed else f"no mention under {ACCESS!r}"
                message = f"folder {folder!r} has {missing}"
                yield CompilerWarning(line=section.line, section=section.title, message=message)


def _listed_folders(section: Section) -> Iterator[str]:
    for block in section.blocks:
        if isinstance(block, Paragraph):
            yield from (span.text for span in block.prose.spans if span.code and _FOLDER.fullmatch(span.text))


def _prose(chapter: Chapter) -> Iterator[str]:
    for section in chapter.sections:
        if not _folder(section):
            yield f"{'#' * (section.level + 1)} {section.heading.markdown}"
            yield from (description(chapter, block) for block in section.blocks)
