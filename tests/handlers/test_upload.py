import asyncio
import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.handlers.emulated import DASHBOARD, NOW, Emulated, sentences
from traits_sandbox.derive.violations import MAX_VIOLATIONS
from traits_sandbox.errors import BadRequest
from traits_sandbox.handlers.call import Call, HandlerResult
from traits_sandbox.handlers.csv.rows import MAX_ROW, CsvRow, read_rows
from traits_sandbox.handlers.intake import BATCH_SIZE
from traits_sandbox.handlers.upload import chunks

LONG = "timestamp,user_id,register_date,churn_date,kpi_id,value"
SHORT = "user_id,kpi_id,value"
WIDE = "timestamp,user_id,register_date,cpi,ltv,sessions_count"


def refusal(api: Emulated, operation: str, content: bytes) -> str:
    """Return why a whole file is refused."""
    with pytest.raises(BadRequest) as error:
        api.send(operation, upload=io.BytesIO(content))
    (violation,) = error.value.violations
    assert (violation.name, violation.where, violation.pointer) == ("file", "file", "")
    return violation.message


def cell_of(text: str) -> str:
    """Return a cell as CSV writers put it."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="").writerow([text, ""])
    return line.getvalue()[:-1]


def test_each_row_of_a_long_kpi_file_is_a_record(api: Emulated) -> None:
    reply = api.upload(
        "upload_kpis", LONG, '2020-03-01 00:00:00,u1,2020-02-01,"",ltv,12.5', "2020-03-02 00:00:00,u2,,,cpi,3"
    )
    assert (reply.records, reply.refused, reply.unknown) == (2, (), ())
    assert api.stored("kpi") == [
        {
            "timestamp": "2020-03-01 00:00:00",
            "user_id": "u1",
            "register_date": "2020-02-01",
            "kpi_id": "ltv",
            "value": 12.5,
        },
        {"timestamp": "2020-03-02 00:00:00", "user_id": "u2", "kpi_id": "cpi", "value": 3},
    ]


def test_each_filled_metric_of_a_wide_kpi_file_is_a_record(api: Emulated) -> None:
    reply = api.upload("upload_kpis", WIDE, "2020-03-01 00:00:00,u1,2020-02-01,0.4,,7", ",u2,,,,")
    shared = {"timestamp": "2020-03-01 00:00:00", "user_id": "u1", "register_date": "2020-02-01"}
    assert reply.records == 2
    assert api.stored("kpi") == [
        {**shared, "kpi_id": "cpi", "value": 0.4},
        {**shared, "kpi_id": "sessions_count", "value": 7},
    ]


def test_a_header_that_is_both_long_and_wide_is_long(api: Emulated) -> None:
    reply = api.upload("upload_kpis", f"{SHORT},cpi", "u1,ltv,1,2")
    assert api.stored("kpi") == [{"user_id": "u1", "kpi_id": "ltv", "value": 1}]
    assert [field.name for field in reply.unknown] == ["cpi"]


@pytest.mark.parametrize("user_column", ["user_id", "player_id"])
def test_every_further_column_of_a_survey_is_an_attribute(api: Emulated, user_column: str) -> None:
    reply = api.upload("upload_survey_data", f"{user_column},age,favourite colour", "u1,007,", "u2,,teal")
    assert (reply.records, reply.unknown) == (2, ())
    assert api.stored("survey") == [{"user_id": "u1", "age": "007"}, {"user_id": "u2", "favourite colour": "teal"}]


def test_the_order_of_columns_does_not_matter(api: Emulated) -> None:
    api.upload("upload_kpis", "value,kpi_id,user_id", "1,ltv,u1")
    assert api.stored("kpi") == [{"user_id": "u1", "kpi_id": "ltv", "value": 1}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-3", -3),
        ("+3", 3),
        ("007", 7),
        ("1.50", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("2.5E-1", 0.25),
    ],
)
def test_decimal_and_scientific_notation_are_numbers(api: Emulated, text: str, value: float) -> None:
    api.upload("upload_kpis", SHORT, f"u1,ltv,{text}")
    assert api.stored("kpi")[0]["value"] == value


@pytest.mark.parametrize(
    "text",
    ["1_000", "nan", "inf", "-Infinity", "1e999", "0x10", " 5", "5 ", "1,5", "٥", "12abc", "true", "--1", "1e", "."],
)
def test_other_text_is_no_number(api: Emulated, text: str) -> None:
    reply = api.upload("upload_kpis", SHORT, f"u1,ltv,{cell_of(text)}")
    assert [sentence.partition(", got")[0] for sentence in sentences(reply)] == ["line 2: value: must be a number"]


def test_a_number_beyond_64_bits_is_stored_as_json_would_have_it(api: Emulated) -> None:
    assert api.upload("upload_kpis", SHORT, f"u1,ltv,{'9' * 400}").refused_count == 1
    assert api.upload("upload_kpis", SHORT, f"u1,ltv,{'9' * 30}").records == 1
    assert api.stored("kpi")[0]["value"] == 1e30


def test_byte_order_mark_and_windows_line_ends_are_ordinary(api: Emulated) -> None:
    reply = api.upload("upload_kpis", f"\ufeff{SHORT}", "u1,ltv,1", end="\r\n")
    assert (reply.records, reply.unknown) == (1, ())


def test_names_in_the_header_may_stand_between_spaces(api: Emulated) -> None:
    assert api.upload("upload_kpis", "user_id , kpi_id, value", "u1,ltv,1").records == 1


def test_quoted_cells_may_hold_commas_quotes_and_lines(api: Emulated) -> None:
    api.upload("upload_survey_data", "user_id,answer", 'u1,"a ""b"", c', 'd"')
    assert api.stored("survey") == [{"user_id": "u1", "answer": 'a "b", c\nd'}]


def test_blank_lines_are_skipped(api: Emulated) -> None:
    assert api.upload("upload_kpis", "", SHORT, "", "u1,ltv,1", "", "").records == 1


def test_the_last_line_needs_no_end(api: Emulated) -> None:
    assert api.send("upload_kpis", upload=io.BytesIO(f"{SHORT}\nu1,ltv,1".encode())).records == 1


@pytest.mark.parametrize("after", [b"", b"\n", b"\r\n\n\r\n"])
def test_a_header_without_rows_is_refused(api: Emulated, after: bytes) -> None:
    assert refusal(api, "upload_kpis", SHORT.encode() + after) == "must have at least one row after its header row"


def test_a_header_with_only_bad_rows_is_accepted(api: Emulated) -> None:
    reply = api.upload("upload_kpis", SHORT, ",,")
    assert (reply.records, reply.refused_count, reply.data) == (0, 3, {"estimated_time_to_complete": 1})


def test_the_estimate_is_whole_seconds_and_grows_with_the_file(api: Emulated) -> None:
    reply = api.upload("upload_kpis", SHORT, *["u1,ltv,1"] * 2500)
    assert reply.data == {"estimated_time_to_complete": 3}


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(api: Emulated, content: bytes) -> None:
    assert refusal(api, "upload_kpis", content) == "is empty, send CSV with a header row"


def test_a_header_that_fits_no_dialect_is_refused_with_the_needs_of_each_and_its_text(api: Emulated) -> None:
    message = refusal(api, "upload_kpis", b"user,kpi_id,value\nu1,ltv,1\n")
    assert message.startswith("must begin with a header row, comma separated, of user_id and kpi_id and value; or ")
    assert "; or user_id and at least one of cpi, cpa, ltv, " in message
    assert message.endswith('; got "user,kpi_id,value"')


@pytest.mark.parametrize(
    "header", ["kpi_id,value", "user_id,kpi_id", "user_id,timestamp", "users,kpi_id,value", "cpi,ltv"]
)
def test_a_kpi_header_without_a_required_column_is_refused(api: Emulated, header: str) -> None:
    assert refusal(api, "upload_kpis", f"{header}\n1,2,3\n".encode()).startswith("must begin with a header row")


@pytest.mark.parametrize("header", ["user_id", "user_id,timestamp", "age,colour", "user_id,"])
def test_a_survey_header_needs_the_user_and_one_attribute(api: Emulated, header: str) -> None:
    assert "of user_id (or player_id) and at least one column more; got" in refusal(
        api, "upload_survey_data", header.encode()
    )


@pytest.mark.parametrize(
    ("operation", "header"), [("upload_kpis", f"{SHORT},value"), ("upload_survey_data", "user_id,a,player_id")]
)
def test_a_column_named_twice_is_refused(api: Emulated, operation: str, header: str) -> None:
    assert refusal(api, operation, header.encode()).startswith("must name each column once")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"user_id\xff,kpi_id,value", "is not UTF-8 text: line 1, column 8 (byte 7) is 0xff; save it"),
        (b'"user_id"x,kpi_id,value', "line 1 is not CSV as in RFC 4180"),
        (b"a" * (MAX_ROW + 1), "line 1 must be at most"),
    ],
)
def test_a_header_that_cannot_be_read_is_refused_with_the_reason(api: Emulated, content: bytes, fault: str) -> None:
    assert fault in refusal(api, "upload_kpis", content)


def test_a_refused_file_stores_nothing(api: Emulated) -> None:
    refusal(api, "upload_kpis", b"user_id,value\nu1,1\n")
    assert (api.users(), api.stored("kpi")) == (set(), [])


def test_unknown_columns_are_accepted_and_named_with_what_they_may_mean(api: Emulated) -> None:
    reply = api.upload("upload_kpis", f"{SHORT},churn_dat,x", "u1,ltv,1,2020-01-01,x")
    assert [str(field) for field in reply.unknown] == [
        "column 4: unknown field churn_dat: did you mean churn_date?",
        "column 5: unknown field x",
    ]
    assert api.stored("kpi") == [{"user_id": "u1", "kpi_id": "ltv", "value": 1}]


def test_a_bad_row_is_refused_by_its_line_and_the_good_ones_are_stored(api: Emulated) -> None:
    reply = api.upload("upload_kpis", LONG, ",u1,,,ltv,much", ",u2,,,ltv,1", "2020-02-30 00:00:00,,,,ltv,1")
    assert sentences(reply) == [
        'line 2: value: must be a number, got "much"',
        "line 4: user_id: is required",
        'line 4: timestamp: must be a date and time as YYYY-MM-DD HH:MM:SS, got "2020-02-30 00:00:00"',
    ]
    assert (reply.records, reply.refused_count, api.users()) == (1, 3, {"u2"})


def test_lines_are_counted_as_an_editor_counts_them(api: Emulated) -> None:
    reply = api.upload("upload_survey_data", "user_id,answer", 'u1,"one', 'two"', "", ",three")
    assert sentences(reply) == ["line 5: user_id: is required"]


def test_a_row_of_a_wide_file_is_refused_whole_with_each_violation_once(api: Emulated) -> None:
    reply = api.upload("upload_kpis", WIDE, "soon,u1,,x,y,1", ",u2,,1,y,2")
    assert [sentence.partition(": must")[0] for sentence in sentences(reply)] == [
        "line 2: timestamp",
        "line 2: cpi",
        "line 2: ltv",
        "line 3: ltv",
    ]
    assert (reply.records, api.stored("kpi")) == (0, [])


@pytest.mark.parametrize(("row", "count"), [("u1,ltv", 2), ("u1,ltv,1,2", 4), (" ", 1)])
def test_a_ragged_row_is_refused(api: Emulated, row: str, count: int) -> None:
    reply = api.upload("upload_kpis", SHORT, row, "u2,ltv,1")
    assert sentences(reply) == [f"line 2: must have 3 cells like the header, has {count}"]
    assert api.users() == {"u2"}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (b"u\xc3\x28,ltv,1", "line 2: must be UTF-8 text, holds the byte 0xc3 at column 2"),
        (b"u\xed\xa0\x80,ltv,1", "line 2: must be UTF-8 text, holds the byte 0xed at column 2"),
        (b"u\0,ltv,1", "line 2: must be UTF-8 text, holds a NUL byte"),
        (b'"u1"x,ltv,1', "line 2: is not CSV as in RFC 4180: something other than a comma follows"),
        (b"u1,ltv\r1", "line 2: is not CSV as in RFC 4180: a line ends with CR only; end lines with LF"),
        (b"u" * 200_000 + b",ltv,1", "line 2: is not CSV as in RFC 4180: a cell is longer"),
        (b"u" * MAX_ROW + b",ltv,1", f"line 2: must be at most {MAX_ROW} bytes long"),
    ],
)
def test_reading_continues_after_a_row_that_cannot_be_read(api: Emulated, row: bytes, sentence: str) -> None:
    reply = api.send("upload_kpis", upload=io.BytesIO(SHORT.encode() + b"\n" + row + b"\nu2,ltv,1\n"))
    assert [said[: len(sentence)] for said in sentences(reply)] == [sentence]
    assert api.users() == {"u2"}


def test_an_unclosed_quotation_mark_is_reported_with_the_lines_it_covers(api: Emulated) -> None:
    reply = api.upload("upload_kpis", SHORT, "u1,ltv,1", 'u2,ltv,"1', "u3,ltv,1")
    assert [said.partition(": ")[0] for said in sentences(reply)] == ["line 3"]
    assert sentences(reply)[0].endswith("; its quotation marks make lines 3 to 4 one row")


def test_a_row_of_many_quoted_lines_is_bounded() -> None:
    row = b'"' + b'\n","' * (MAX_ROW // 2)
    (first, *_) = read_rows(io.BytesIO(row))
    assert first.violation
    assert (first.line, first.violation.message) == (1, f"must be at most {MAX_ROW} bytes long")


def test_all_violations_are_counted_and_the_first_kept(api: Emulated) -> None:
    reply = api.upload("upload_kpis", SHORT, *["u1,ltv,x"] * (MAX_VIOLATIONS + 5))
    assert (len(reply.refused), reply.refused_count) == (MAX_VIOLATIONS, MAX_VIOLATIONS + 5)


def test_rows_are_stored_in_batches_while_others_are_served(api: Emulated) -> None:
    file = io.BytesIO(
        b"user_id,kpi_id,value\n" + b"u1,ltv,1\n" * 3 * BATCH_SIZE + b"\n" * 2 * BATCH_SIZE
    )  # blank lines make no batch
    seen = []

    async def watched() -> HandlerResult:
        upload = asyncio.create_task(api.answer("upload_kpis", Call(DASHBOARD, "r", NOW, upload=file)))
        while not upload.done():
            seen.append((await api.backend.store.status()).records)
            await asyncio.sleep(0)
        return await upload

    assert asyncio.run(watched()).records == 3 * BATCH_SIZE
    assert [count // BATCH_SIZE for count in seen] == [0, 1, 2, 3, 3]


def test_a_chunk_of_long_rows_is_stored_before_it_grows_large() -> None:
    rows = (CsvRow(line, size=2**18) for line in range(10))
    assert [len(chunk) for chunk in chunks(rows)] == [4, 4, 2]


@settings(deadline=None)
@given(content=st.binary() | st.text('userid_kp,v"\r\n1é\0').map(lambda text: text.encode("utf-8")))
def test_whatever_the_bytes_rows_follow_the_header_or_the_file_is_refused(shared_api: Emulated, content: bytes) -> None:
    file = f"{SHORT}\n".encode() + content
    if any(not row.is_blank for row in list(read_rows(io.BytesIO(file)))[1:]):
        assert shared_api.send("upload_kpis", upload=io.BytesIO(file)).data
    with suppress(BadRequest):
        shared_api.send("upload_survey_data", upload=io.BytesIO(content))


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"))


@settings(deadline=None)
@given(rows=st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=5))
def test_every_text_survives_a_round_trip_through_csv(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("user_id", "answer"), *rows])
    found = [row.cells for row in read_rows(io.BytesIO(file.getvalue().encode()))]
    assert found == [["user_id", "answer"], *map(list, rows)]
