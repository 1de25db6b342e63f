"""Reads pushes and uploads from the reference, without the compiler: those that `operations.py` does not have.

A push or an upload that is added to the reference is served here too, so that the kit is judged on it. An operation of
another kind needs a route and a method in `operations.py`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.independent.records import Check, Field, Push, each, integer, moment, number, text
from tests.wire.documented import Documented, documented_requests

REFERENCE = Path(__file__).parents[3] / "schemas/2020-09/reference.md"

CHECKS: dict[str, Check] = {"string": text, "int": integer, "float": number, "Timestamp": moment}
ROW = re.compile(r"^(?P<name>\w+)\|(?P<type>[^|]*)\|(?P<required>[^|]*)\|", re.MULTILINE)
KEY = re.compile(r'^\{\s*"(?P<key>\w+)"\s*:\s*\[')


def further_pushes(known: set[str]) -> Iterator[tuple[str, Push]]:
    """Yield each push of the reference that is not known, by the end of its path."""
    sections = re.split(r"^# ", REFERENCE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    by_title = {section.partition("\n")[0].strip(): section for section in sections}
    for request in documented_requests(REFERENCE):
        found = KEY.match(body_of(request))
        if found and path_of(request) not in known:
            yield path_of(request), push_of(found["key"], by_title[request.title], request)


def uploads() -> Iterator[str]:
    """Yield the end of the path of each upload of the reference, for example `kpis/csv`."""
    return (path_of(request) for request in documented_requests(REFERENCE) if "-F" in request.words)


def path_of(request: Documented) -> str:
    return request.words[-1].rpartition("/v1/")[2]


def body_of(request: Documented) -> str:
    words = list(request.words)
    return words[words.index("-d") + 1] if "-d" in words else ""


def push_of(key: str, section: str, request: Documented) -> Push:
    """Return a push from the field tables of its section: the first is that of a record, others are of its lists."""
    first, *others = re.split(r"^### ", section, flags=re.MULTILINE)[1:]
    nested = {other.partition("\n")[0].strip(): fields_of(other, {}) for other in others}
    noun = request.reply["message"].partition(" ")[2].partition(" have ")[0]
    return Push(key, noun.removesuffix("s"), fields_of(first, nested), plural=noun)


def fields_of(table: str, nested: dict[str, dict[str, Field]]) -> dict[str, Field]:
    """Return the fields of a table; a list has the record whose heading is part of its type."""
    fields = {}
    for row in ROW.finditer(table):
        item = next((record for heading, record in nested.items() if heading in row["type"]), {})
        check = CHECKS.get(row["type"].strip(), each(item))
        fields[row["name"]] = Field(check, required=row["required"].strip() == "Yes")
    return fields
