"""NDJSON: every line on its own, whatever stands around it and however the file is parted."""

import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.bulk.files import category, faults, findings, judged, lines, report_of, without_digest, written
from tests.bulk.loading import CONTRACT
from tests.examples import examples
from traits_sandbox.bulk.checking.judging import MAX_COLUMNS, MAX_FAULTS
from traits_sandbox.bulk.formats.lines import MAX_LINE
from traits_sandbox.bulk.values import FileReport
from traits_sandbox.errors import ROW

KEY = "level_ups/d=1/x.ndjson"
BOM = b"\xef\xbb\xbf"
GOOD = '{"user_id":"1","level":10}'
BAD = '{"user_id":"1","level":-1}'

HOSTILE = [
    GOOD.encode(),
    BAD.encode(),
    b'{"user_id":"1"}',
    b'{"user_id":"1","level":10,"more":1,"yet":2}',
    b"",
    b"  \t",
    b"[1]",
    b"null",
    b'"text"',
    b'{"user_id":"1","level":1e400}',
    b'{"user_id":"1","level":NaN}',
    b'{"user_id":"\xff","level":1}',
    b'{"user_id":"\\ud800","level":1}',
    b'{"user_id":"1","level":1',
    b'{"user_id":"1","level":1}{"user_id":"1","level":1}',
    b'{"user_id":"' + "日本".encode() + b'","level":123456789012345678901234567890}',
    b"\x00",
    BOM,
]
CONTENT = st.builds(
    lambda begin, rows, end: begin + b"".join(text + newline for text, newline in rows) + end,
    st.sampled_from([b"", BOM]),
    st.lists(st.tuples(st.sampled_from(HOSTILE), st.sampled_from([b"\n", b"\r\n"])), max_size=12),
    st.sampled_from([b"", *HOSTILE]),
)


def one_by_one(content: bytes) -> list[tuple[int, int, str]]:
    """Return line, offset and field of each fault, found in the simplest way."""
    found, offset, schema = [], 0, category("level_ups").schema
    for number, line in enumerate(content.split(b"\n"), 1):
        text = line.removeprefix(BOM) if not offset else line
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError:
            found += [(number, offset, ROW)] if text.strip() else []
        else:
            found += [(number, offset, violation.name) for violation in schema.violations(row)]
        offset += len(line) + 1
    return found


def placed(report: FileReport) -> list[tuple[int, int | None, str]]:
    return [(bad.line, bad.offset, each.name) for bad in report.bad for each in bad.violations]


@examples(150)
@given(CONTENT, st.integers(1, 60), st.integers(0, 4))
@example(BOM, 1, 4)
@example(BOM + b"\n" + GOOD.encode(), 2, 4)
@example(b"\n\n" + BAD.encode(), 1, 4)
def test_a_report_is_the_same_whatever_the_parts(content: bytes, part: int, keep: int) -> None:
    with TemporaryDirectory() as folder:
        whole = judged(Path(folder), KEY, content, keep=keep)
        assert without_digest(report_of(Path(folder), part=part, keep=keep)) == without_digest(whole)


@examples(150)
@given(CONTENT)
def test_every_line_is_judged_independently(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        report = judged(Path(folder), KEY, content)
    assume(not report.error)
    assert placed(report) == one_by_one(content)
    for bad in report.bad:
        assert bad.offset is not None
        rest = content[bad.offset :]
        assert any(each.startswith(bad.text.encode()) for each in (rest, rest.removeprefix(BOM))) or b"\xff" in content


def test_a_bad_row_is_reported_with_its_line_its_offset_and_its_text(tmp_path: Path) -> None:
    report = judged(tmp_path, KEY, lines(GOOD, BAD, GOOD))
    (bad,) = report.bad
    assert (report.rows, report.bad_rows, report.fault_count) == (3, 1, 1)
    assert (bad.line, bad.offset, bad.text) == (2, len(GOOD) + 1, BAD)
    assert findings(report) == [(2, "level", "minimum", "must be 0 or more", "-1")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("begin", [b"", BOM, BOM + b"\n"])
def test_line_ends_and_a_byte_order_mark_are_no_part_of_rows(end: str, begin: bytes, tmp_path: Path) -> None:
    content = begin + lines(GOOD, BAD, "", GOOD, end=end) + BAD.encode()
    report = judged(tmp_path, KEY, content)
    assert report.rows == 4
    assert [bad.text for bad in report.bad] == [BAD, BAD]
    assert [bad.offset for bad in report.bad] == [content.index(BAD.encode()), content.rindex(BAD.encode())]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"[1]", "must be an object"),
        (b'{"user_id":', "is not valid JSON: it ends too early at column 12"),
        (b'{"user_id":"\xfc"}', "must be UTF-8 text, holds the byte 0xfc at column 13"),
        ('{"a":1}'.encode("utf-16"), "must be UTF-8 text, holds the byte 0xff at column 1"),
    ],
)
def test_a_line_that_is_not_a_row_is_reported_in_the_words_of_files(line: bytes, message: str, tmp_path: Path) -> None:
    report = judged(tmp_path, KEY, lines(GOOD) + line)
    assert [(where, field, said) for where, field, _, said, _ in findings(report)] == [(2, ROW, message)]


def test_first_bad_rows_are_first_whatever_is_wrong_with_them(tmp_path: Path) -> None:
    assert faults(judged(tmp_path, KEY, lines(BAD, "{", BAD, "{"), keep=3)) == [(1, "level"), (2, ROW), (3, "level")]


@pytest.mark.parametrize("part", [None, MAX_LINE // 2, MAX_LINE, 3 * MAX_LINE])
@pytest.mark.parametrize("over", [0, 1, 2 * MAX_LINE])
def test_a_line_may_have_a_mebibyte(over: int, part: int | None, tmp_path: Path) -> None:
    long = f'{{"user_id":"{"x" * (MAX_LINE - 24 + over)}","level":1}}'
    report = judged(tmp_path, KEY, lines(BAD, long, BAD), part=part)
    assert (report.rows, report.columns) == (3, ("user_id", "level"))
    assert faults(report) == [(1, "level"), *([(2, ROW)] if over else []), (3, "level")]


@pytest.mark.parametrize("part", [None, 16 * 2**20])
def test_a_line_of_a_hundred_megabytes_is_passed_over_in_little_memory(part: int | None, tmp_path: Path) -> None:
    path = written(tmp_path, KEY, lines(BAD))
    with path.open("r+b") as file:
        file.seek(100 * 2**20)
        file.write(lines("", BAD))
    tracemalloc.start()
    try:
        report = report_of(tmp_path, part=part)
        assert tracemalloc.get_traced_memory()[1] < 48 * 2**20
    finally:
        tracemalloc.stop()
    assert (report.rows, faults(report)) == (3, [(1, "level"), (2, ROW), (3, "level")])
    assert [bad.offset for bad in report.bad] == [0, len(BAD) + 1, 100 * 2**20 + 1]


def test_the_report_of_one_row_is_bounded(tmp_path: Path) -> None:
    params = ",".join(["{}"] * 1000)
    row = f'{{"user_id":"1","action_id":"2","action_name":"x","action_params":[{params}]}}'
    report = judged(tmp_path, "actions/d=1/x.ndjson", lines(row, row))
    assert [len(bad.violations) for bad in report.bad] == [MAX_FAULTS, MAX_FAULTS]
    assert report.fault_count == 2 * MAX_FAULTS


def test_a_file_with_only_bad_rows_is_counted_whole_and_keeps_the_first_ones(tmp_path: Path) -> None:
    report = judged(tmp_path, KEY, lines("1") * 200_000, keep=5)
    assert (report.rows, report.bad_rows, len(report.bad)) == (200_000, 200_000, 5)
    assert report.bad[4].offset == 8


@pytest.mark.parametrize("part", [None, 5000])
def test_rows_are_counted_for_each_unknown_name(part: int | None, tmp_path: Path) -> None:
    rows = [f'{{"user_id":"1","level":1,"n{number % 500:03}":0}}' for number in range(2000)]
    report = judged(tmp_path, KEY, lines(*rows), part=part)
    assert report.unknown == {f"n{number:03}": 4 for number in range(MAX_COLUMNS)}
    assert len(report.columns) == MAX_COLUMNS


@pytest.mark.parametrize("folder", [category.folder for category in CONTRACT.categories])
def test_the_examples_of_the_document_pass(folder: str, tmp_path: Path) -> None:
    examples = next(category.examples for category in CONTRACT.categories if category.folder == folder)
    content = lines(*(orjson.dumps(example.value).decode() for example in examples))
    assert judged(tmp_path, f"{folder}/d=1/x.ndjson", content).good
