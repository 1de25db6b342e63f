import pytest

from traits_sandbox.contract.document import Aside, Fence, Items, Paragraph, Table
from traits_sandbox.contract.markdown import parse
from traits_sandbox.errors import DocumentError

HEAD = "---\ntitle: T\n---\n\n# Chapter\n\n"

UNKNOWN = {
    "image": "![a](b.png)",
    "nested list": "- a\n  - b",
    "two paragraphs in a list item": "- a\n\n  b",
    "two paragraphs in an annotation": "> a\n>\n> b",
    "list in an annotation": "> - a",
    "rule": "***",
    "indented code": "    code",
    "fence of another language": "```python\n```",
    "fence without a language": "```\n```",
    "emphasis": "an *important* word",
    "hard break": "a  \nb",
    "HTML comment": "<!-- a -->",
    "HTML block": "<div>\n</div>",
    "aside of another class": '<aside class="warning">\na\n</aside>',
    "text after an aside": '<aside class="notice">\na\n</aside>\nb',
    "inline HTML": "a <i>b</i>",
    "open bold": "a <b>b",
    "link definition": "[a]: https://example.com",
}


def blocks(text: str) -> tuple[object, ...]:
    return parse(HEAD + text, file="doc.md").chapters[0].sections[0].blocks


@pytest.mark.parametrize("construct", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_construct_stops_with_file_and_line(construct: str) -> None:
    with pytest.raises(DocumentError, match=r"^doc\.md:[789]: "):
        parse(HEAD + construct, file="doc.md")


def test_the_error_of_an_unknown_construct_has_its_line() -> None:
    with pytest.raises(DocumentError, match=r"^doc\.md:9: unknown construct 'hr'$"):
        parse(HEAD + "text\n\n***\n", file="doc.md")


@pytest.mark.parametrize("row", ["1", "1|2|3", "1|2|3|"])
def test_a_table_row_with_too_few_or_too_many_cells_stops_the_compiler(row: str) -> None:
    with pytest.raises(DocumentError, match=r"^doc\.md:9: table row"):
        parse(f"{HEAD}a|b\n-|-\n{row}\n", file="doc.md")


@pytest.mark.parametrize("row", ["1|2", "|1|2|", "1|", r"1\|1|2"])
def test_a_table_row_may_have_outer_bars_empty_cells_and_escaped_bars(row: str) -> None:
    (table,) = blocks(f"a|b\n-|-\n{row}\n")
    assert isinstance(table, Table)
    assert len(table.rows[0]) == 2


@pytest.mark.parametrize(
    ("front", "complaint"),
    [
        ("title: T\ncode_clipboard: true", "3: unknown key 'code_clipboard' in the front matter"),
        ("title: T\nincludes: errors", "3: 'includes' in the front matter is not a list"),
        ("- title", "1: the front matter is not a mapping"),
        ("title: [", "1: the front matter is not YAML"),
    ],
)
def test_front_matter_in_an_unknown_form_stops_the_compiler(front: str, complaint: str) -> None:
    with pytest.raises(DocumentError, match=f"doc.md:{complaint}"):
        parse(f"---\n{front}\n---\n\n# A\n", file="doc.md")


@pytest.mark.parametrize("text", ["words\n", "## Second level\n"])
def test_nothing_may_come_before_the_first_chapter(text: str) -> None:
    with pytest.raises(DocumentError, match="before the first"):
        parse(text, file="doc.md")


def test_the_front_matter_has_the_title_and_the_includes_with_their_line() -> None:
    document = parse("---\ntitle: T\n\nincludes:\n  - errors\n---\n", file="doc.md")
    assert (document.title, document.includes, document.includes_line) == ("T", ("errors",), 4)


def test_inline_markup_becomes_spans_and_is_written_back_as_markdown() -> None:
    (paragraph,) = blocks(r"Send **all** of `x` to [us](https://a.example)" + "\nas list\\<A\\>.")
    assert isinstance(paragraph, Paragraph)
    assert paragraph.prose.text == "Send all of x to us as list<A>."
    assert paragraph.prose.markdown == "Send **all** of `x` to [us](https://a.example) as list<A>."


def test_html_bold_and_anchors_are_read_like_markdown() -> None:
    (notice,) = blocks(
        '<aside class="notice">\nReplace <b>:id</b>, see <a href="https://a.example">here</a>.\n</aside>'
    )
    assert isinstance(notice, Aside)
    assert notice.prose.markdown == "Replace **:id**, see [here](https://a.example)."


def test_blocks_have_their_line_numbers() -> None:
    items, fence, table = blocks("- a\n- b\n\n```json\n{}\n```\n\na|b\n-|-\n1|2\n")
    assert isinstance(items, Items)
    assert isinstance(fence, Fence)
    assert isinstance(table, Table)
    assert (items.lines, fence.line, table.lines) == ((7, 8), 10, (16,))
