"""Parts of generated Markdown pages."""

import re
from collections.abc import Iterable, Sequence

_LINES = re.compile(r"\s*\n\s*")
# Options, URLs, headers and variables, which a page shows as code.
_CODE = re.compile(r"`[^`]*`|--[a-z][a-z-]+|\b(?:https?|tcp|s3|gs|az|file)://[\w.:/-]*[\w/]|\bTRAITS_\w+|/_sandbox\b")


def page(title: str, *sections: str, source: str) -> bytes:
    """Return a whole page; a note below the title names its source, so that nobody edits the page by hand."""
    note = f"This page is generated from {source}. `sh scripts/generate` writes it again."
    return ("\n\n".join([f"# {title}", note, *(each.strip() for each in sections if each)]) + "\n").encode()


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table without columns that are empty in all rows, or an empty text if there is no row."""
    filled = list(rows)
    kept = [index for index, _ in enumerate(header) if any(row[index] for row in filled)]
    if not filled:
        return ""
    lines = [_row(header, kept), "|" + "---|" * len(kept), *(_row(row, kept) for row in filled)]
    return "\n".join(lines)


def code(text: str) -> str:
    """Return a text as inline code; an empty text stays empty."""
    return f"`{text}`" if text else ""


def prose(text: str) -> str:
    """Return plain text, such as a help text, as Markdown: options and URLs become code, and nothing is emphasised."""
    parts = zip(_CODE.split(text), [*_CODE.findall(text), ""], strict=True)
    return "".join(_escaped(plain) + code(found.strip("`")) for plain, found in parts)


def _escaped(text: str) -> str:
    return text.replace("*", "\\*").replace("<", "&lt;")


def _row(cells: Sequence[str], kept: Sequence[int]) -> str:
    return "| " + " | ".join(_cell(cells[index]) for index in kept) + " |"


def _cell(text: str) -> str:
    return _LINES.sub(" ", text.strip()).replace("|", "\\|")
