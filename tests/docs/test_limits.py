"""The limits that the pages name are those of the code: default settings and constants."""

import re

import pytest

from tests.docs.pages import text
from traits_sandbox.control import journal
from traits_sandbox.settings.table import SETTINGS
from traits_sandbox.web.early_refusals import MAX_HEAD
from traits_sandbox.web.server import MAX_CONNECTIONS

UNITS = {"": 1, "seconds": 1, "KiB": 2**10, "MiB": 2**20}
CONSTANTS = {"Request line and headers": MAX_HEAD, "Connections; further ones get the status 503": MAX_CONNECTIONS}
"""The rows without an option on the page about running, each with its limit."""

JOURNAL = re.compile(r"last ([\d,]+) requests, in at most (\d+ MiB)")


def amount(words: str) -> float:
    """Return an amount such as `16 MiB` or `30 seconds` in bytes or seconds."""
    number, _, unit = words.partition(" ")
    return float(number.replace(",", "")) * UNITS[unit]


def limits() -> dict[str, tuple[float, str]]:
    """Return the limit of each row of the table on the page about running, with its option."""
    section = text("docs/run.md").partition("\n## Limits\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    return {what.strip(): (amount(limit.strip()), option.strip(" `")) for what, limit, option in rows[1:]}


def test_each_limit_with_an_option_is_the_default_of_this_option() -> None:
    settings = {each.option: each for each in SETTINGS}
    shown = {option: limit for limit, option in limits().values() if option}
    assert len(shown) >= 4
    for option, limit in shown.items():
        assert settings[option].type.convert(settings[option].default, None, None) == limit, option


def test_each_limit_without_an_option_is_the_constant() -> None:
    assert {what: limit for what, (limit, option) in limits().items() if not option} == CONSTANTS


def test_the_size_of_the_journal_is_the_one_of_the_code() -> None:
    found = JOURNAL.search(" ".join(text("docs/test-your-client.md").split()))
    assert found
    assert (amount(found[1]), amount(found[2])) == (journal.MAX_ENTRIES, journal.MAX_BYTES)


@pytest.mark.parametrize("words", ["16 miles", "many"])
def test_an_amount_in_another_form_is_an_error(words: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        amount(words)
