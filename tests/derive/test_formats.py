"""The patterns of text formats, with Python's calendar as the oracle."""

import re
from datetime import date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from traits_sandbox.contract.model import Contract, Field, Record
from traits_sandbox.derive.formats import FORMATS, TIMESTAMP, TextFormat
from traits_sandbox.derive.records import RecordSchema

MOMENT = Field(name="at", type="Timestamp", required=True)
RECORD = Record(heading="Moment", kind="moment", fields=(MOMENT,))
SCHEMA = RecordSchema(Contract(edition="e", title="t", records=(RECORD,)), RECORD)

# Numbers on both sides of what calendars and clocks know, in the right places.
NEARLY = st.builds(
    "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format,
    st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.integers(0, 24),
    st.integers(0, 60),
    st.integers(0, 61),
)
LEAP_DAYS = st.builds("{:04}-02-29 {:02}:00:00".format, st.integers(0, 9999), st.integers(0, 24))


def is_moment(text: str) -> bool:
    """The oracle: Python reads it, and writes it back the same."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").isoformat(sep=" ") == text
    except ValueError:
        return False


def matches(text_format: TextFormat, text: str) -> bool:
    fits = text_format.max_length is None or len(text) <= text_format.max_length
    return fits and re.search(f"^(?:{text_format.pattern})$", text) is not None


@given(NEARLY | LEAP_DAYS)
@example("0000-01-01 00:00:00")
@example("0001-01-01 00:00:00")
@example("9999-12-31 23:59:59")
@example("1900-02-29 00:00:00")
@example("2000-02-29 00:00:00")
@example("2019-01-01 24:00:00")
@example("2016-12-31 23:59:60")
def test_a_timestamp_is_a_moment_that_a_calendar_knows(text: str) -> None:
    assert matches(TIMESTAMP, text) == is_moment(text)
    assert SCHEMA.is_valid({"at": text}) == is_moment(text)


@given(st.text(min_size=19, max_size=19) | st.text("0123456789-: \n٢२", min_size=19, max_size=19))
@example("٢٠١٩-٠١-٠١ ١٥:٠٤:٠٥")
@example("2019-01-01T15:04:05")
@example("2019-01-01 15:04:5 ")
@example("2019-1-001 15:04:05")
@example("+019-01-01 15:04:05")
def test_text_of_the_right_length_is_not_enough(text: str) -> None:
    assert SCHEMA.is_valid({"at": text}) == is_moment(text)


@given(st.datetimes(), st.integers(0, 18), st.characters(codec="utf-8"))
def test_one_other_character_is_judged_as_the_calendar_does(moment: datetime, index: int, other: str) -> None:
    text = moment.replace(microsecond=0).isoformat(sep=" ")
    changed = text[:index] + other + text[index + 1 :]
    assert SCHEMA.is_valid({"at": text})
    assert SCHEMA.is_valid({"at": changed}) == is_moment(changed)


@pytest.mark.parametrize("text", ["", " 2019-01-01 15:04:05", "2019-01-01 15:04:05\n", "2019-01-01 15:04:05Z"])
def test_nothing_stands_around_a_timestamp(text: str) -> None:
    assert not matches(TIMESTAMP, text)
    assert not SCHEMA.is_valid({"at": text})


@given(st.dates())
def test_every_day_is_a_date(day: date) -> None:
    assert matches(FORMATS["date"], day.isoformat())


@pytest.mark.parametrize("text", ["2019-02-29", "0000-01-01", "2018-11-14 ", "2018-1-14", "18-11-14", "20181114"])
def test_other_text_is_no_date(text: str) -> None:
    assert not matches(FORMATS["date"], text)


@pytest.mark.parametrize("text", ["US", "us", "ZZ"])
def test_a_country_is_two_letters(text: str) -> None:
    assert matches(FORMATS["country"], text)


@pytest.mark.parametrize("text", ["", "U", "USA", "U1", "ÜS", "ſS", "US\n"])
def test_other_text_is_no_country(text: str) -> None:
    assert not matches(FORMATS["country"], text)


@pytest.mark.parametrize(
    "text",
    [
        *("en", "en-US", "EN-us", "zh-Hant-TW", "zh-cmn-Hans-CN", "de-CH-1901", "sl-rozaj-biske", "es-419", "gsw"),
        *("en-a-bbb-x-a", "de-u-co-phonebk", "x-own", "x-a-b", "abcdefgh", "sl-IT-nedis"),
    ],
)
def test_a_language_is_a_well_formed_tag(text: str) -> None:
    assert matches(FORMATS["language"], text)


@pytest.mark.parametrize(
    "text",
    ["", "e", "en_US", "en-", "-en", "en--US", "1en", "en-US-", "x", "x-", "en-a", "abcdefghi", "i-klingon", "en-é"],
)
def test_other_text_is_no_language(text: str) -> None:
    assert not matches(FORMATS["language"], text)


@pytest.mark.parametrize("text_format", [TIMESTAMP, *FORMATS.values()], ids=lambda each: each.words)
def test_the_example_of_a_format_has_it(text_format: TextFormat) -> None:
    assert matches(text_format, text_format.example)
