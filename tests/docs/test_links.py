"""Every link of the project's Markdown leads somewhere, and every page can be found."""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest

from tests.docs.pages import ROOT, pages, text, tokens
from tests.project.files import files

README_LINES, README_WIDTH = 150, 120
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}", re.IGNORECASE)


def markdown_files() -> list[str]:
    return [name for name in files() if name.endswith(".md")]


def links(page: str) -> Iterator[str]:
    """Yield where the links and the pictures of a page lead."""
    for token in tokens(page):
        for child in token.children or ():
            if child.type in ("link_open", "image"):
                yield str(child.attrs.get("href", child.attrs.get("src", "")))


def anchors(page: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    seen: Counter[str] = Counter()
    found = set()
    for opening, inline in zip(tokens(page), tokens(page)[1:], strict=False):
        if opening.type == "heading_open":
            name = "".join(child.content for child in inline.children or ())
            slug = _NOT_IN_ANCHORS.sub("", name.lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found


def leads_nowhere(page: str, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme:
        return parts.scheme not in ("https", "http") or not _HOST.fullmatch(parts.hostname or "")
    target = (ROOT / page).parent / unquote(parts.path) if parts.path else ROOT / page
    if not target.resolve().is_relative_to(ROOT) or not target.exists():
        return True
    if not parts.fragment:
        return False
    return target.suffix != ".md" or parts.fragment not in anchors(target.resolve().relative_to(ROOT).as_posix())


def test_every_link_leads_somewhere() -> None:
    dead = [(page, link) for page in markdown_files() for link in links(page) if leads_nowhere(page, link)]
    assert dead == []


@pytest.mark.parametrize(
    ("link", "dead"),
    [
        ("docs/README.md", False),
        ("docs", False),
        ("docs/run.md#dashboards", False),
        ("#why", False),
        ("https://example.com/a#b", False),
        ("docs/nowhere.md", True),
        ("docs/run.md#nowhere", True),
        ("#nowhere", True),
        ("../elsewhere", True),
        ("https://", True),
        ("ftp://example.com", True),
    ],
)
def test_a_dead_link_is_found(link: str, dead: bool) -> None:
    assert leads_nowhere("README.md", link) is dead


def test_every_page_is_listed_in_the_index() -> None:
    listed = {f"docs/{link.partition('#')[0]}" for link in links("docs/README.md")} | {"docs/README.md"}
    assert [page for page in pages() if page.startswith("docs/") and page not in listed] == []


def test_every_folder_is_described() -> None:
    tracked = {name.partition("/")[0] for name in files() if "/" in name and not name.startswith(".")}
    package = {path.parent.name for path in (ROOT / "src/traits_sandbox").glob("*/__init__.py")}
    described = {link.rstrip("/").rpartition("/")[2] or "docs" for link in links("docs/design.md")}
    assert (tracked | package) - described - {"src", "docs"} == set()


def test_the_readme_is_short() -> None:
    lines = text("README.md").splitlines()
    assert len(lines) <= README_LINES
    assert [line for line in lines if len(line) > README_WIDTH] == []


@pytest.mark.parametrize("picture", sorted((ROOT / "docs/pictures").glob("*.svg")), ids=lambda path: path.name)
def test_a_picture_refers_to_nothing_outside(picture: object) -> None:
    content = (ROOT / "docs/pictures" / str(picture)).read_text("utf-8")
    names = {name.rpartition("}")[2] for element in ElementTree.fromstring(content).iter() for name in element.attrib}
    assert not names & {"href", "src"}
    assert "url(" not in content
    assert "@import" not in content
