"""CSV: the rows that pass the sieve and those that are read one by one get the verdicts that uploads would get."""

from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.bulk.files import Finding, category, faults, findings, judged, lines, stats
from tests.bulk.loading import CONTRACT
from tests.examples import examples
from traits_sandbox.bulk.checking.sketch import Sketch
from traits_sandbox.bulk.formats.csv import judge_lines
from traits_sandbox.bulk.formats.lines import whole_lines
from traits_sandbox.bulk.formats.sieve import BLANK, DOUBTED, SURE, Sieve
from traits_sandbox.bulk.storage.streams import Unreadable
from traits_sandbox.contract.model import Dialect, Record
from traits_sandbox.errors import ROW
from traits_sandbox.handlers.csv.headers import HeaderError, columns_of
from traits_sandbox.handlers.csv.rows import MAX_ROW, read_rows

FOLDERS = [category.folder for category in CONTRACT.categories]


def has_upper_bound(record: Record) -> bool:
    """Return whether a field of a record, or of the records in its lists, has an upper bound."""
    bounds = {(each.maximum, each.exclusive_maximum, each.max_length) for each in record.fields}
    nested = [CONTRACT.record(each.item) for each in record.fields if each.item]
    return bounds != {(None, None, None)} or any(map(has_upper_bound, nested))


# A regular expression does not express an upper bound: the sieve doubts every row of such a folder.
FAST = [folder for folder in FOLDERS if not has_upper_bound(category(folder).record)]

# What a cell may hold that one reader takes for something and another does not.
HOSTILE = [
    *("", " ", "x", " x", "日本", "ﬁ", "\ufeff", "\ufffd", "\u2028", "\x0b", "\x1f", "\x7f", "\x00"),
    *("1", "0", "-1", "+1", "00", "-0", " 1", "1 ", "1_000", "1,000", "١", "１", "0x1", "1.", ".5", ".", "-.5"),
    *(
        "1.0",
        "0.0",
        "-0.0",
        "1e5",
        "1E+05",
        "1e",
        "1e400",
        "1e-400",
        "-1e400",
        "1e99",
        "NaN",
        "nan",
        "inf",
        "-Infinity",
    ),
    *("9" * 15, "9" * 16, "9" * 18, "9" * 19, "9" * 400, "0." + "0" * 14 + "1", "0." + "0" * 330 + "1", "0" * 20 + "1"),
    *("true", "null", "[]", "{}", "[1]", '"', '""', "'"),
    *(
        "2019-01-01 15:04:05",
        "2019-02-29 00:00:00",
        "2020-02-29 23:59:59",
        "2019-13-01 00:00:00",
        "2019-01-01 24:00:00",
    ),
    *("0000-01-01 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "10000-01-01 00:00:00"),
    *("2019-01-01T15:04:05", "2019-01-01 15:04:05Z", "2019-01-01 15:04:05.0", "2019-01-01 15:04:05 ", "2019-1-1 1:4:5"),
    *(
        "2018-11-14",
        "2018-02-30",
        "2018-11-14 ",
        "١٢٣٤-11-14",
        "US",
        "us",
        "USA",
        "U1",
        "en",
        "en-US",
        "e",
        "x-y",
        "en_US",
    ),
    '[{"key":"a","value":"b"}]',
    '[{"key": "a", "value": ""}, {"key": "", "value": "日本"}]',
    '[{"value":"b","key":"a"}]',
    '[{"key":"a","value":1}]',
    '[{"key":"a"}]',
    '[{"key":"a","value":"b","value":1}]',
    r'[{"key":"\u0041","value":"\n\\\""}]',
    r'[{"key":"\ud800","value":"b"}]',
    '[{"key":"a","value":"b"},]',
    '[{"key":"a\tb","value":"b"}]',
    "[{'key':'a','value':'b'}]",
]
ENDS = ["\n", "\r\n", "\r\r\n", "\r", ""]


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def cells_like(examples: list[str]) -> st.SearchStrategy[str]:
    """Return cells, mostly good ones, as they stand in a file: bare or quoted, and sometimes badly."""
    values = st.sampled_from(examples * 30 + HOSTILE) | st.sampled_from(examples) | st.text(max_size=4)
    return st.builds(
        lambda text, how: {"bare": text, "quoted": quoted(text), "torn": f'"{text}', "stray": f'{text}"x'}[how],
        values,
        st.sampled_from(["bare"] * 12 + ["quoted"] * 12 + ["torn", "stray"]),
    )


def good_cells(folder: str, column: str) -> list[str]:
    field = next(field for field in category(folder).record.fields if field.name == column)
    samples = {"string": "abc", "int": "12", "float": "2.5", "list": "[]", "Timestamp": "2019-01-01 15:04:05"}
    formatted = {"date": "2018-11-14", "country": "US", "language": "en-US"}
    good = formatted.get(field.format, samples[field.type])
    if field.allowed:
        good = field.allowed[0]
    elif field.maximum is not None:
        good = str(field.maximum)
    return [good] * 8 + ([""] * 2 if not field.required else [])


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw a folder and a CSV file of its columns, in any order, with others between."""
    folder = draw(st.sampled_from(FOLDERS))
    columns = draw(st.permutations([field.name for field in category(folder).record.fields]))
    columns = columns + (["more"] if draw(st.booleans()) else [])
    by_column = {name: cells_like(good_cells(folder, name) if name != "more" else ["y"]) for name in columns}
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        cells = [draw(by_column[name]) for name in columns]
        ragged = draw(st.sampled_from([0] * 12 + [-1, 1]))
        rows.append(",".join(cells[: len(cells) + min(ragged, 0)] + ["z"] * max(ragged, 0)))
        rows.append(draw(st.sampled_from(ENDS[:1] * 8 + ENDS)))
    begin = draw(st.sampled_from(["", "\ufeff", "\n\r\n"]))
    content = f"{begin}{','.join(columns)}\n{''.join(rows)}".encode(errors="surrogatepass")
    torn = draw(st.integers(0, len(content)) | st.none())
    return folder, content if torn is None or draw(st.booleans()) else content[:torn] + b"\xff" + content[torn:]


def one_by_one(folder: str, content: bytes) -> tuple[int, list[Finding]]:
    """Judge each row as an upload would; return how many there are and what is wrong with them."""
    kind, rows = category(folder), (row for row in read_rows(BytesIO(content)) if not row.is_blank)
    header = next(rows, None)
    if header is None:
        return 0, []
    if header.violation:
        raise HeaderError(header.violation.message)
    columns = columns_of(CONTRACT, (Dialect(name=folder, record=kind.record.heading),), header.cells)
    total, found = 0, list[Finding]()
    for row in rows:
        total += 1
        if violation := columns.violation(row):
            found.append((row.line, ROW, "csv", violation.message, ""))
            continue
        ((_, record),) = columns.records(row.cells)
        if not kind.schema.is_valid(record):
            found += ((row.line, v.name, v.rule, v.message, v.value) for v in kind.schema.violations(record))
    return total, found


def by_pieces(folder: str, content: bytes, size: int) -> tuple[int, list[Finding]]:
    """Judge a file that comes in tiny blocks, so that rows lie across pieces."""
    blocks = (content[at : at + size] for at in range(0, len(content), size))
    counted = stats(folder)
    judge_lines(whole_lines(blocks), category(folder), counted)
    bad = (each for row in counted.outcome().bad for each in row.violations)
    return counted.rows, [(each.line or 0, each.name, each.rule, each.message, each.value) for each in bad]


@examples(400)
@given(files(), st.integers(1, 90) | st.just(10**9))
def test_both_ways_of_judging_find_the_same(file: tuple[str, bytes], size: int) -> None:
    folder, content = file
    try:
        expected = one_by_one(folder, content)
    except HeaderError:
        with pytest.raises(Unreadable):
            by_pieces(folder, content, size)
    else:
        assert by_pieces(folder, content, size) == expected


@examples(400)
@given(st.sampled_from(FOLDERS), st.data())
def test_whatever_passes_the_sieve_is_valid(folder: str, data: st.DataObject) -> None:
    kind = category(folder)
    columns = [field.name for field in kind.record.fields]
    changed = data.draw(st.sampled_from(columns))
    row = {name: good_cells(folder, name)[0] for name in columns}
    line = ",".join([*(row[name] for name in columns if name != changed), data.draw(cells_like([row[changed]]))])
    assume("\n" not in line)
    header = [*(name for name in columns if name != changed), changed]
    if Sieve(kind, header).sift(line.encode(), Sketch()) == bytes([SURE]):
        assert one_by_one(folder, f"{','.join(header)}\n{line}".encode()) == (1, [])


@pytest.mark.parametrize("folder", FAST)
@pytest.mark.parametrize("bare", [True, False])
def test_ordinary_rows_pass_the_sieve(folder: str, bare: bool) -> None:
    kind = category(folder)
    columns = [field.name for field in kind.record.fields]
    assert kind.record.fields
    rows = []
    for which in (0, -1):
        cells = [good_cells(folder, name)[which] for name in columns]
        rows.append(",".join(cells if bare else map(quoted, cells)))
    assert Sieve(kind, columns).sift(lines(*rows, end="\r\n"), Sketch()) == bytes([SURE] * 2)


@pytest.mark.parametrize("folder", FAST)
def test_the_examples_of_the_document_pass_the_sieve(folder: str) -> None:
    kind = category(folder)
    (examples,) = (each.examples for each in CONTRACT.categories if each.folder == folder)
    for sample in examples:
        cells = [v if isinstance(v, str) else orjson.dumps(v).decode() for v in sample.value.values()]
        sieve = Sieve(kind, list(sample.value))
        assert sieve.sift(",".join(map(quoted, cells)).encode(), Sketch()) == bytes([SURE])


HEADER = "user_id,item_id,count,price"


def purchases(tmp_path: Path, *rows: str, **options: Any) -> Any:
    return judged(tmp_path, "purchases/d=1/x.csv", lines(HEADER, *rows), **options)


def test_a_bad_row_is_reported_with_its_line_and_its_text(tmp_path: Path) -> None:
    report = purchases(tmp_path, "1,2,3,4.5", "1,2,3,-1", "1,,3,4.5", "1,2,3")
    assert [(bad.line, bad.text, bad.offset) for bad in report.bad] == [
        (3, "1,2,3,-1", None),
        (4, "1,,3,4.5", None),
        (5, "1,2,3", None),
    ]
    assert findings(report) == [
        (3, "price", "exclusiveMinimum", "must be a positive number", "-1"),
        (4, "item_id", "required", "is required", ""),
        (5, ROW, "csv", "must have 4 cells like the header, has 3", ""),
    ]
    assert (report.rows, report.bad_rows) == (4, 3)
    assert report.columns == tuple(HEADER.split(","))


def test_a_row_may_go_over_several_lines(tmp_path: Path) -> None:
    report = purchases(tmp_path, '"1\n1",2,3,4.5', "", '"1\n\n,2,3,4.5\n1",2,3,-1', "1,2,3,0")
    assert (report.rows, faults(report)) == (3, [(5, "price"), (9, "price")])
    assert report.bad[0].text == '"1\n\n,2,3,4.5\n1",2,3,-1'


def test_an_open_quotation_mark_is_reported_with_the_lines_that_it_covers(tmp_path: Path) -> None:
    report = purchases(tmp_path, "1,2,3,4.5", '"1,2,3,4.5', "1,2,3,4.5")
    ((line, field, rule, message, _),) = findings(report)
    assert (report.rows, line, field, rule) == (2, 3, ROW, "csv")
    assert "lines 3 to 4" in message


def test_a_list_is_json_in_its_cell(tmp_path: Path) -> None:
    good = '"[{""key"":""a"",""value"":""b""}]"'
    report = judged(
        tmp_path,
        "actions/d=1/x.csv",
        lines("user_id,action_id,action_name,action_params", f"1,2,x,{good}", "1,2,x,", "1,2,x,[1]", "1,2,x,nonsense"),
    )
    assert faults(report) == [(4, "action_params[0]"), (5, "action_params")]


def test_columns_that_are_no_fields_are_counted(tmp_path: Path) -> None:
    content = lines(f"{HEADER},more", "1,2,3,4.5,x", "1,2,3,4.5,")
    report = judged(tmp_path, "purchases/d=1/x.csv", content)
    assert (report.good, report.unknown) == (True, {"more": 2})


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b"\xef\xbb\xbf", b"\r\r\n\n", lines(HEADER), HEADER.encode()])
def test_a_file_without_rows_is_a_notice(content: bytes, tmp_path: Path) -> None:
    report = judged(tmp_path, "purchases/d=1/x.csv", content)
    assert report.good
    assert [notice.kind for notice in report.notices] == ["empty-file"]


@pytest.mark.parametrize(
    "content",
    [
        lines("1,2,3,4.5"),
        lines("user_id,item_id,count"),
        lines(f"{HEADER},price"),
        lines('"user_id,item_id,count,price'),
        lines(f",{HEADER}", "0,1,2,3,4.5"),
        b"x" * 3 * MAX_ROW,
    ],
)
def test_a_file_without_a_usable_header_is_a_finding(content: bytes, tmp_path: Path) -> None:
    report = judged(tmp_path, "purchases/d=1/x.csv", content)
    assert (report.error_kind, report.rows) == ("header", 0)
    assert "header row" in report.error


def test_overlong_rows_are_skipped(tmp_path: Path) -> None:
    long = "x" * (3 * MAX_ROW)
    wide = "1,2,3,4.5" + "," * 200_000
    long_cell = f"{'x' * 140_000},2,3,4.5"
    nearly = f"{'x' * 100_000},2,3,4.5"
    torn = '"' + ("x" * 1000 + "\n") * 1100
    report = purchases(tmp_path, long, "1,2,3,-1", wide, long_cell, nearly, "1,2,3,-1", torn)
    found = [(line, field, message[:30]) for line, field, _, message, _ in findings(report)]
    assert found[:5] == [
        (2, ROW, "must be at most 1048576 bytes "),
        (3, "price", "must be a positive number"),
        (4, ROW, "must have 4 cells like the hea"),
        (5, ROW, "is not CSV as in RFC 4180: a c"),
        (7, "price", "must be a positive number"),
    ]
    content = lines(HEADER, long, "1,2,3,-1", wide, long_cell, nearly, "1,2,3,-1", torn)
    assert (report.rows, findings(report)) == one_by_one("purchases", content)


def test_rows_across_large_pieces_are_whole(tmp_path: Path) -> None:
    row = '"a,""b""\r\n' + "c" * 90 + '",2,3,4.5'
    content = lines(HEADER, *[row] * 120_000, "1,2,3,0")
    report = judged(tmp_path, "purchases/d=1/x.csv", content)
    assert len(content) > 12 * 2**20
    assert (report.rows, faults(report)) == (120_001, [(240_002, "price")])


@pytest.mark.parametrize("columns", [200, 201, 5000])
def test_a_file_may_have_any_number_of_columns(columns: int, tmp_path: Path) -> None:
    more = columns - 4
    header = f"{HEADER},{','.join(f'c{number}' for number in range(more))}"
    content = lines(header, "1,2,3,4.5" + ",x" * more, "1,2,3,0" + "," * more, "1,2,3,4.5" + "," * (more - 1))
    report = judged(tmp_path, "purchases/d=1/x.csv", content)
    assert (report.rows, faults(report)) == (3, [(3, "price"), (4, ROW)])


def test_an_expression_that_is_refused_for_its_size_doubts_all() -> None:
    sieve = Sieve(category("purchases"), HEADER.split(","))
    sieve._row = f"(?:{sieve._row}){{10000}}"
    assert sieve.sift(lines("1,2,3,4.5", ""), Sketch()) == bytes([DOUBTED, BLANK])


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    report = purchases(tmp_path, *[""] * 5000, "1,2,3,4.5", *["\r"] * 5000, "1,2,3,0")
    assert (report.rows, faults(report)) == (2, [(10_003, "price")])
