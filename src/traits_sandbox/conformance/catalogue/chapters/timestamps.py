"""TS: timestamps in the documented form, in similar forms, and with dates that do not exist."""

from collections.abc import Iterator
from typing import Any

from traits_sandbox.conformance.catalogue.case import Case, Expectation, accepted, refused
from traits_sandbox.conformance.catalogue.pushes import FieldPlace, places
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.catalogue.values import SampleValue

RIGHT: dict[str, Any] = {
    "midnight": "2019-01-02 00:00:00",
    "last-second": "2019-12-31 23:59:59",
    "leap-day": "2020-02-29 12:00:00",
}
WRONG: dict[str, Any] = {
    "iso-t": "2019-01-01T15:04:05",
    "date-only": "2019-01-01",
    "epoch": 1546355045,
    "iso-utc": "2019-01-01T15:04:05Z",
    "zone": "2019-01-01 15:04:05Z",
    "offset": "2019-01-01 15:04:05+00:00",
    "fraction": "2019-01-01 15:04:05.000",
    "no-seconds": "2019-01-01 15:04",
    "unpadded-date": "2019-1-1 15:04:05",
    "unpadded-time": "2019-01-01 5:04:05",
    "epoch-text": "1546355045",
    "slashes": "2019/01/01 15:04:05",
    "leading-blank": " 2019-01-01 15:04:05",
    "trailing-blank": "2019-01-01 15:04:05 ",
    "trailing-newline": "2019-01-01 15:04:05\n",
    "wide-digits": "\uff12\uff10\uff11\uff19-01-01 15:04:05",
}
IMPOSSIBLE: dict[str, Any] = {
    "no-leap-day": "2019-02-29 12:00:00",
    "february-30": "2019-02-30 12:00:00",
    "month-13": "2019-13-01 12:00:00",
    "hour-24": "2019-01-01 24:00:00",
    "minute-60": "2019-01-01 23:60:00",
    "second-60": "2019-01-01 23:59:60",
}

_TABLES: tuple[tuple[str, dict[str, Any], Expectation], ...] = (
    ("TS-001", RIGHT, accepted),
    ("TS-002", WRONG, refused),
    ("TS-003", IMPOSSIBLE, refused),
)
_FEW = 3


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield cases with every value for the first timestamp of a push, and with a few values for its others."""
    for operation in made.pushes:
        stamps = [place for place in places(made, operation) if place.field.type == "Timestamp"]
        for number, place in enumerate(stamps):
            yield from _forms(place, _FEW if number else None)


def _forms(place: FieldPlace, first: int | None) -> Iterator[Case]:
    for requirement, table, expect in _TABLES:
        for each in list(map(SampleValue._make, table.items()))[:first]:
            title = f"{each.shown} as {place.name}"
            yield place.case(requirement, each.name, title, place.alone(each.value), expect)
