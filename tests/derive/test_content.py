"""What a content really is: every kind has words for every form, and no text of a library is shown."""

import csv
import io
from itertools import product

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traits_sandbox.derive.content.detector import invalid_byte, unexpected
from traits_sandbox.derive.content.json_problems import JsonProblem, json_problem, problem_at
from traits_sandbox.derive.content.kinds import HEAD, ContentForm, ContentKind, FoundContent
from traits_sandbox.derive.content.words import sentence
from traits_sandbox.handlers.csv.problems import CsvProblem, problem_of
from traits_sandbox.handlers.csv.rows import read_rows

NAMES = ("user_id", "level", "timestamp")


@pytest.mark.parametrize(("kind", "form"), list(product(ContentKind, ContentForm)))
def test_every_kind_has_a_cause_and_a_next_step_in_every_form(kind: ContentKind, form: ContentForm) -> None:
    cause, _, step = sentence(FoundContent(kind, "0xff", 3, 4, 50), form).partition("; ")
    assert cause
    assert step
    assert "{" not in cause + step


# Contents of NDJSON and CSV that have bad rows, but are what they should be: their rows are judged one by one.
ORDINARY = [
    (ContentForm.NDJSON_FILE, b'{"user_id":"1","level":\n{"user_id":"1","level":1}\n'),
    (ContentForm.NDJSON_FILE, b'{"user_id":"1","level":1}{"user_id":"1","level":1}\n{"user_id":"1","level":1}\n'),
    (ContentForm.NDJSON_FILE, b'{"user_id":"1"},\n{"user_id":"1","level":1}\n'),
    (ContentForm.NDJSON_FILE, b'[1]\n{"user_id":"1","level":1}\n'),
    (ContentForm.NDJSON_FILE, b'nonsense\n{"user_id":"1","level":1}\n'),
    (ContentForm.NDJSON_FILE, b'{"user_id":"J\xf6rg","level":1}\n'),
    (ContentForm.NDJSON_FILE, b'{"user_id":"1","level":1}\r'),
    (ContentForm.NDJSON_FILE, b""),
    (ContentForm.NDJSON_FILE, b"\xef\xbb\xbf"),
    (ContentForm.CSV_FILE, b"user_id,level\n1,J\xf6rg\n"),
    (ContentForm.CSV_FILE, b"one,two\n1,2\n"),
    (ContentForm.CSV_UPLOAD, b"level\n1\n"),
    (ContentForm.JSON_BODY, b'{"level_ups": ['),
    (ContentForm.JSON_BODY, b"nonsense"),
    (ContentForm.JSON_BODY, b'{"id": "\\ud800"}'),
    (ContentForm.JSON_BODY, b'{"level": ' + b"9" * 50_000 + b"}"),
    (ContentForm.PARQUET_FILE, b"PAR1 nonsense"),
]


@pytest.mark.parametrize(("form", "content"), ORDINARY)
def test_a_content_with_bad_rows_is_still_of_its_form(form: ContentForm, content: bytes) -> None:
    assert unexpected(content, form, NAMES, whole=True) is None


@given(st.binary(max_size=80) | st.text(max_size=40).map(lambda text: text.encode(errors="replace")), st.booleans())
def test_any_bytes_can_be_looked_at(content: bytes, whole: bool) -> None:
    for form in ContentForm:
        found = unexpected(content, form, NAMES, whole=whole)
        assert found is None or sentence(found, form)


def test_deep_nesting_is_not_followed() -> None:
    assert unexpected(b"[" * HEAD, ContentForm.JSON_BODY, whole=True) is None


def test_a_character_that_is_cut_by_the_end_of_the_head_is_not_invalid() -> None:
    text = "é".encode()
    assert invalid_byte(b"a" + text[:1], whole=False) is None
    assert invalid_byte(b"a\n" + text[:1], whole=True) == FoundContent(ContentKind.NOT_UTF_8, "0xc3", 2, 1, 2)


NOT_JSON = [
    ('{"a":', JsonProblem.END),
    ('"a', JsonProblem.END),
    ('{"a":1}{"b":2}', JsonProblem.MORE),
    ("[1],", JsonProblem.MORE),
    ('{"a":NaN}', JsonProblem.NUMBER),
    ('{"a":-Infinity}', JsonProblem.NUMBER),
    ("{'a':1}", JsonProblem.SINGLE_QUOTE),
    ("{a:1}", JsonProblem.WORD),
    ('{"a":True}', JsonProblem.WORD),
    ('{"a":1,}', JsonProblem.COMMA),
    ('{"a":"x\ty"}', JsonProblem.CONTROL),
    ('{"a":"\\ud800"}', JsonProblem.HALF_CHARACTER),
    ('\ufeff{"a":1}', JsonProblem.MARK),
    ("[" * 2000, JsonProblem.DEPTH),
    ('{"a" 1}', JsonProblem.UNEXPECTED),
    ('{"é" 1}', JsonProblem.UNEXPECTED),
]


@pytest.mark.parametrize(("text", "problem"), NOT_JSON)
def test_a_text_that_is_not_json_has_a_reason_of_ours(text: str, problem: JsonProblem) -> None:
    with pytest.raises(orjson.JSONDecodeError) as refused:
        orjson.loads(text)
    assert problem_at(text, refused.value.pos) is problem


@given(st.text("{}[]\",:\\u18dNa\n\t\x00\ufeff '", max_size=12))
def test_no_text_of_the_json_library_is_shown(text: str) -> None:
    if refused := refusal(text):
        shown = json_problem(text, refused.pos)
        assert refused.msg not in shown
        assert any(shown.endswith(problem.rpartition("}")[2]) for problem in JsonProblem)


def refusal(text: str) -> orjson.JSONDecodeError | None:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return error
    return None


NOT_CSV = [
    ('a,"b\n', CsvProblem.OPEN_QUOTE),
    ('a,"b""\n', CsvProblem.OPEN_QUOTE),
    ('"a"b,c\n', CsvProblem.AFTER_QUOTE),
    ('x,"a" ,c\n', CsvProblem.AFTER_QUOTE),
    ("a\rb\n", CsvProblem.LONE_CR),
    ('"a"\rb', CsvProblem.LONE_CR),
    ("a" * 131_073 + "\n", CsvProblem.LONG_CELL),
    ('x,"' + "a" * 131_073 + '",y\n', CsvProblem.LONG_CELL),
]


@pytest.mark.parametrize(("row", "problem"), NOT_CSV)
def test_a_row_that_is_not_csv_has_a_reason_of_ours(row: str, problem: CsvProblem) -> None:
    (read,) = read_rows(io.BytesIO(row.encode()))
    assert problem_of(row) is problem
    assert read.violation
    assert problem in read.violation.message


@given(st.text('ab,"\r\n ', max_size=14))
def test_every_row_that_the_csv_library_refuses_has_a_special_reason(text: str) -> None:
    for read in read_rows(io.BytesIO(text.encode())):
        assert not read.violation or CsvProblem.OTHER not in read.violation.message


def test_the_fallbacks_are_sentences() -> None:
    assert problem_of("a,b\n") is CsvProblem.OTHER
    assert json_problem('{"a" 1}', 5) == "'1' is not expected"
    assert csv.field_size_limit() == 131_072
