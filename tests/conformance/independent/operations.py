"""The operations of the API, apart from how requests and replies travel."""

import contextlib
import csv
import io
import itertools
import json
import re
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn
from urllib.parse import unquote

from tests.conformance.independent.reader import further_pushes, uploads
from tests.conformance.independent.records import (
    LINK,
    PUSHES,
    Fields,
    Push,
    each,
    loose_moment,
    may,
    need,
    record,
    text,
    text_or_number,
)

BREAKS: dict[str, str] = {
    "csv_no_estimate": "The reply to a KPI upload lacks estimated_time_to_complete.",
    "field_optional": "A social dynamic is accepted without its interaction.",
    "iso_timestamp": "The timestamp of a login may be in the ISO 8601 form with a T and a Z.",
    "key_ignored": "Items are accepted whatever the API key.",
    "limit_ignored": "More than 1000 records are accepted in one push.",
    "long_text_crash": "A field of 10,000 characters or more is answered with 500.",
    "number_as_text": "The item_id of a purchase may be a number.",
    "removed_stays": "A removed user is still listed in the personas.",
    "text_traits": "The values of traits are strings.",
    "wrong_status": "Level-ups are answered with 200 instead of 201.",
}

BROKEN_FIELDS: dict[str, tuple[str, Fields]] = {
    "field_optional": ("social-dynamics", {"interaction": LINK["interaction"]._replace(required=False)}),
    "iso_timestamp": ("logins", {"timestamp": may(loose_moment)}),
    "number_as_text": ("purchases", {"item_id": need(text_or_number)}),
}

ALL_PUSHES = {**PUSHES, **dict(further_pushes(set(PUSHES)))}

MAX_RECORDS = 1000
MAX_PROBLEMS = 25
PERSONAS = 5
LONG_TEXT = 10_000

TRAITS: dict[str, str] = {
    "agreeableness": "Altruism, Modesty, Trust",
    "communication": "Feeler, Intuitor, Sensor, Thinker",
    "competitiveness": "Avoidant, Collaborative, Competitive affectivity, Dependent, Dominant, "
    "General competitiveness, Independent, Personal enhancement",
    "conscientiousness": "Achievement striving, Competence, Self-discipline",
    "coreMotivations": "Autonomy, Mastery, Purpose",
    "culture": "Individualism, Indulgence, Long term orientation, Masculinity, Power distance, Uncertainty avoidance",
    "extraversion": "Activity, Assertiveness, Warmth",
    "motivations": "Compensatory effort, Competitiveness, Confidence in success, Difficult tasks, Dominance, "
    "Eagerness to learn, Engagement, Fearlessness, Flexibility, Flow, Goal setting, Independence, Internality, "
    "Persistence, Pride in productivity, Self-control, Status orientation",
    "neuroticism": "Anxiety, Impulsiveness, Vulnerability",
    "openness": "Actions, Empathy, Fantasy",
    "personality": "Agreeableness, Conscientiousness, Extraversion, Neuroticism, Openness",
    "wellBeing": "Autonomy, Bounded reciprocity, Grit, Mastery, Physical activity level, Physical well-being, "
    "Psychological well-being, Purpose, Resilience, Sleep, Social well-being",
}


def hashed(words: str, buckets: int) -> int:
    # JSON lets a lone surrogate through, which plain UTF-8 would not encode.
    return zlib.crc32(words.encode("utf-8", "surrogatepass")) % buckets


def score(persona: str, category: str, trait: str) -> float:
    return hashed(f"{persona}/{category}/{trait}", 10_001) / 100


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, problems: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.reply = Reply(status, message, {"errors": dict(problems or {})})


@dataclass(frozen=True)
class Request:
    """A request as the operations see it; `parts` are the variable parts of its path."""

    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What to answer; `rest` is merged into the envelope."""

    status: int
    message: str
    rest: Mapping[str, object]
    chunked: bool = False

    def payload(self) -> bytes:
        envelope = {"code": self.status, "message": self.message, **self.rest, "request_id": uuid.uuid4().hex}
        return json.dumps(envelope).encode()


def done(status: int, message: str, data: object = None) -> Reply:
    return Reply(status, message, {"data": data})


def read(data: object) -> Reply:
    return Reply(200, "", {"data": data}, chunked=True)


class Users:
    """The users of the dashboard: when each completed the assessment, if ever, and the persona of each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._completed: dict[str, int | None] = {}
        self._personas: dict[str, int] = {}

    def seen(self, users: list[str], completed_at: int | None = None) -> None:
        with self._lock:
            for user in users:
                self._completed[user] = completed_at or self._completed.get(user)
                self._personas[user] = 1 + hashed(user, PERSONAS)

    def completed_at(self, user: str) -> int | None:
        with self._lock, unknown_is_404():
            return self._completed[user]

    def remove(self, user: str, stays_listed: bool) -> None:
        with self._lock, unknown_is_404():
            del self._completed[user]
            if not stays_listed:
                del self._personas[user]

    def within(self, personas: set[int]) -> list[str]:
        with self._lock:
            return [user for user, persona in self._personas.items() if persona in personas]


@contextlib.contextmanager
def unknown_is_404() -> Iterator[None]:
    try:
        yield
    except KeyError:
        raise Refusal(404, "nobody is known by this id", {"/id": "is not known"}) from None


def parsed(body: bytes) -> object:
    try:
        return json.loads(body.decode(), parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Refusal(400, "the body cannot be read as JSON", {"": "is not JSON"}) from None


def no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def checked(fields: Fields, value: object) -> dict[str, object]:
    problems = dict(itertools.islice(record(fields, value, ""), MAX_PROBLEMS))
    if problems or not isinstance(value, dict):
        raise Refusal(400, "the body does not fit this operation", problems)
    return value


def require_type(request: Request, wanted: str) -> None:
    declared = request.headers.get("content-type", wanted).partition(";")[0].strip().lower()
    if declared != wanted or request.headers.get("content-encoding", "identity") != "identity":
        raise Refusal(415, f"this operation takes {wanted}")


def uploaded(request: Request) -> bytes:
    """The part called `file` of a multipart form."""
    require_type(request, "multipart/form-data")
    named = re.search(r';\s*boundary=(?:"([^"]+)"|([^\s;"]+))', request.headers.get("content-type", ""), re.IGNORECASE)
    boundary = (named[1] or named[2]).encode("latin-1") if named else b""
    # Another boundary may begin like this one, so what follows it counts too.
    parts = re.split(rb"\r\n--" + re.escape(boundary) + rb"(?=[ \t]*\r\n|--)", b"\r\n" + request.body)
    if not boundary or not parts[-1].startswith(b"--"):
        raise Refusal(400, "the form is broken", {"": "is not a whole multipart form"})
    return called_file(parts[1:-1])


def called_file(parts: list[bytes]) -> bytes:
    for part in parts:
        head, blank, content = part.partition(b"\r\n\r\n")
        if blank and re.search(rb'(?im)^content-disposition:[^\r\n]*;[ \t]*name="?file"?[ \t]*(;|\r?$)', head):
            return content
    raise Refusal(400, "the form holds no file", {"/file": "has to be given"})


def table(content: bytes) -> list[list[str]]:
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True) if row]
    except (ValueError, csv.Error):
        rows = []
    if not rows:
        raise Refusal(400, "the file cannot be read as CSV", {"/file": "is not CSV"})
    return rows


def users_of(rows: list[list[str]]) -> list[str]:
    header, *records = rows
    column = header.index("user_id") if "user_id" in header else 0
    return [row[column] for row in records if len(row) > column and row[column]]


class Ingestion:
    """The operations of one dashboard, any of which may be broken in a named way."""

    def __init__(self, key: str, broken: str = "") -> None:
        if broken and broken not in BREAKS:
            raise ValueError(f"no way to break the server is called {broken}")
        self._key, self._broken, self._users = key, broken, Users()
        self._pushes = dict(ALL_PUSHES)
        if broken in BROKEN_FIELDS:
            name, fields = BROKEN_FIELDS[broken]
            self._pushes[name] = replace(PUSHES[name], fields=PUSHES[name].fields | fields)

    def answer(self, method: str, path: str, request: Request) -> Reply:
        for route_method, pattern, guard, operation in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method in route_method:
                request = replace(request, parts=tuple(map(unquote, found.groups())))
                guard(self, request)
                return operation(self, request)
        raise Refusal(404, "there is nothing here")

    def in_header(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if self._broken == "key_ignored" and request.parts == ("items",):
            return
        if scheme.lower() != "bearer" or key.strip() != self._key:
            raise Refusal(401, "this key opens no dashboard")

    def in_query(self, request: Request) -> None:
        if request.query.get("api_key") != [self._key]:
            raise Refusal(401, "this key opens no dashboard")

    def push(self, request: Request) -> Reply:
        require_type(request, "application/json")
        push = self._pushes[request.parts[0]]
        records = self.records(push, parsed(request.body))
        self._users.seen([str(entry["user_id"]) for entry in records if "user_id" in entry])
        broken = self._broken == "wrong_status" and push.key == "level_ups"
        return done(200 if broken else 201, push.told(len(records)))

    def records(self, push: Push, body: object) -> list[dict[str, object]]:
        # Counted first: a list that is too long is not worth looking through.
        found = body.get(push.key) if isinstance(body, dict) else None
        if isinstance(found, list) and len(found) > MAX_RECORDS and self._broken != "limit_ignored":
            raise Refusal(400, "too much at once", {f"/{push.key}": f"holds more than {MAX_RECORDS} records"})
        checked({push.key: need(each(push.fields))}, body)
        records: list[dict[str, object]] = found if isinstance(found, list) else []
        self.crash_on_long_text(records)
        return records

    def crash_on_long_text(self, records: list[dict[str, object]]) -> None:
        values = itertools.chain.from_iterable(entry.values() for entry in records)
        longest = max((len(value) for value in values if isinstance(value, str)), default=0)
        if self._broken == "long_text_crash" and longest >= LONG_TEXT:
            raise Refusal(500, "out of order")

    def upload(self, request: Request) -> Reply:
        rows = table(uploaded(request))
        surveyed = request.parts == ("survey-data/csv",)
        self._users.seen(users_of(rows), int(time.time()) if surveyed else None)
        estimate = {"estimated_time_to_complete": 1 + len(rows) // 100}
        broken = self._broken == "csv_no_estimate" and not surveyed
        return done(201, "the file is being ingested", {} if broken else estimate)

    def webhook(self, request: Request) -> Reply:
        if not isinstance(parsed(request.body), dict | list):
            raise Refusal(400, "these are no events", {"": "has to be an object or a list"})
        return done(200, "events received")

    def status(self, request: Request) -> Reply:
        if "id" not in request.query:
            raise Refusal(400, "whose status?", {"/id": "has to be given"})
        completed_at = self._users.completed_at(request.query["id"][0])
        return read({"completed": completed_at is not None, "completed_at": completed_at})

    def remove(self, request: Request) -> Reply:
        require_type(request, "application/json")
        user = checked({"id": need(text)}, parsed(request.body))["id"]
        self._users.remove(str(user), stays_listed=self._broken == "removed_stays")
        return done(200, "user removed")

    def users(self, request: Request) -> Reply:
        return read({"ids": self._users.within(personas(request))})

    def traits(self, request: Request) -> Reply:
        personas(request)
        shown = str if self._broken == "text_traits" else float
        return read(
            {
                category: {trait: shown(score(request.parts[1], category, trait)) for trait in traits.split(", ")}
                for category, traits in TRAITS.items()
            }
        )


def personas(request: Request) -> set[int]:
    """The personas that a path asks for."""
    segment, persona = request.parts
    every = {str(index): {index} for index in range(1, PERSONAS + 1)} | {"all": set(range(1, PERSONAS + 1))}
    if segment != "default" or persona not in every:
        raise Refusal(404, "there is no such persona")
    return every[persona]


READ = ("GET", "HEAD")
WRITE = ("POST",)
Guard = Callable[[Ingestion, Request], None]
Operation = Callable[[Ingestion, Request], Reply]
ROUTES: list[tuple[tuple[str, ...], str, Guard, Operation]] = [
    (WRITE, f"/v1/({'|'.join(ALL_PUSHES)})", Ingestion.in_header, Ingestion.push),
    (WRITE, f"/v1/({'|'.join(uploads())})", Ingestion.in_header, Ingestion.upload),
    (WRITE, "/v1/playfab", Ingestion.in_query, Ingestion.webhook),
    (READ, "/v1/assessment/user/status", Ingestion.in_header, Ingestion.status),
    (WRITE, "/v1/user-data", Ingestion.in_header, Ingestion.remove),
    (WRITE, "/v1/segments/([^/]+)/personas/([^/]+)/users", Ingestion.in_header, Ingestion.users),
    (WRITE, "/v1/segments/([^/]+)/personas/([^/]+)/traits", Ingestion.in_header, Ingestion.traits),
]
