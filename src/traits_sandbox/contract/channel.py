"""Reads the chapter about object storage: its storages, data formats and data categories."""

import re
from collections.abc import Iterator
from typing import Final

from traits_sandbox.contract.chapters import example
from traits_sandbox.contract.document import Block, Chapter, Fence, Items, Paragraph, Section
from traits_sandbox.contract.model import Category, DocumentSource
from traits_sandbox.contract.parts import Contradiction, Part, words

STORAGES: Final = "Supported cloud object storages"
FORMATS: Final = "Supported data formats"
ACCESS: Final = "Configure access"

_EXPECTED: Final = re.compile(r"Expected folder: (\w+)/")
_FOLDER: Final = re.compile(r"\w+")


def read(chapter: Chapter) -> Part:
    """Return what the chapter says, with a finding where its two lists of folders disagree.

    Raises:
        DocumentError: a section holds what is neither a fact known here nor plain words.

    """
    return Part(
        storages=tuple(_bullets(chapter, STORAGES)),
        formats=tuple(re.split(r"\s*[(:]", text)[0] for text in _bullets(chapter, FORMATS)),
        categories=tuple(_category(chapter, section) for section in chapter.sections if _folder(section)),
        findings=(*_absent(chapter), *_disagreements(chapter)),
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
        description="\n\n".join(words(chapter, block) for _, block in pairs if _describes(block)),
        source=DocumentSource(section=section.title, line=section.line),
        examples=tuple(example(chapter, section, caption, fence) for caption, fence in fences),
    )


def _describes(block: Block) -> bool:
    return not isinstance(block, Fence) and not (isinstance(block, Paragraph) and _EXPECTED.fullmatch(block.prose.text))


def _absent(chapter: Chapter) -> Iterator[Contradiction]:
    titles = {section.title for section in chapter.sections}
    for title in (STORAGES, FORMATS, ACCESS):
        if title not in titles:
            yield Contradiction(line=chapter.line, section=chapter.title, message=f"no section {title!r}")


def _disagreements(chapter: Chapter) -> Iterator[Contradiction]:
    """Compare the root folders that the access section lists with those that have a section of their own."""
    described = {folder for section in chapter.sections if (folder := _folder(section))}
    for section in chapter.sections:
        if section.title == ACCESS:
            listed = set(_listed_folders(section))
            for folder in sorted(listed ^ described):
                lack = "no section of its own" if folder in listed else f"no mention under {ACCESS!r}"
                yield Contradiction(line=section.line, section=section.title, message=f"folder {folder!r} has {lack}")


def _listed_folders(section: Section) -> Iterator[str]:
    for block in section.blocks:
        if isinstance(block, Paragraph):
            yield from (span.text for span in block.prose.spans if span.code and _FOLDER.fullmatch(span.text))


def _prose(chapter: Chapter) -> Iterator[str]:
    for section in chapter.sections:
        if not _folder(section):
            yield f"{'#' * (section.level + 1)} {section.heading.markdown}"
            yield from (words(chapter, block) for block in section.blocks)
