"""The form of the JSON report; `conformance/report.schema.json` is made from it."""

from typing import Annotated, Any, Final, get_args

import msgspec
import orjson

from traits_sandbox.conformance.judging.report import Outcome, Verdict
from traits_sandbox.conformance.judging.requirements import Basis, Level, Profile
from traits_sandbox.derive.struct_schemas import struct_schema

FORM: Final = 1
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
# From version 0.23, msgspec itself writes the allowed keys of a dictionary.
_BY_LEVEL: Final = msgspec.Meta(extra_json_schema={"propertyNames": {"enum": sorted(get_args(Level))}})


def told(text: str) -> Any:
    """Return the description of a member, for the schema."""
    return msgspec.Meta(description=text)


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about the run."""

    kit: Annotated[str, told("Version of traits-sandbox.")]
    suite: Annotated[str, told("Version of the requirements.")]
    edition: Annotated[str, told("Edition of the vendor's document.")]
    contract: Annotated[str, told("Digest of the contract that was held against the server.")]
    target: Annotated[str, told("Base URL of the server.")]
    profile: Profile
    decides: Annotated[list[Level], told("The levels that decide the verdict.")]
    reach: Annotated[str, told("How far requests were allowed to reach: read, append, destroy or unsafe.")]
    only: Annotated[list[str], told("The patterns of what was asked for; none for everything.")]
    seed: int
    prefix: Annotated[str, told("What the ids of this run begin with.")]
    started: Annotated[str, told("UTC in ISO 8601.")]
    seconds: float


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of requests, without those for cleaning up."""

    planned: int
    sent: int


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A body: text if it is UTF-8, else base64; the other one is null. `whole` is false if it was cut here."""

    size: Annotated[int, told("Bytes of the whole body.")]
    text: str | None
    base64: str | None
    whole: bool


class RequestSent(msgspec.Struct, frozen=True, kw_only=True):
    """A request. `{{key}}` in a header or the query marks the API key, `{{key:NAME}}` a value made from it."""

    method: str
    path: Annotated[str, told("Below the base URL, percent-encoded, without the query.")]
    query: list[tuple[str, str]]
    headers: Annotated[list[tuple[str, str]], told("Those of the case; every client adds its own.")]
    body: Body | None
    operation: str


class ReplyCame(msgspec.Struct, frozen=True, kw_only=True):
    """A reply."""

    status: int
    headers: list[tuple[str, str]]
    body: Body | None
    cut: Annotated[bool, told("It is longer than the kit reads.")]


class ExchangeMade(msgspec.Struct, frozen=True, kw_only=True):
    """A request with its reply, or with a problem."""

    number: Annotated[int, told("Its place in the order of sending, from 1.")]
    request: RequestSent
    reply: ReplyCame | None
    problem: Annotated[str, told("timeout, dropped, unreachable, certificate, protocol, over; empty for a reply.")]
    detail: str
    seconds: float
    curl: Annotated[str, told("A shell's line that sends it again; empty where the body is too long for one.")]


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one case."""

    id: Annotated[str, told("What deviations name.")]
    case: Annotated[str, told("What `conformance replay` takes.")]
    title: str
    operation: str
    outcome: Outcome
    reason: Annotated[str, told("Why nothing was judged, or by which deviation a failure was expected.")]


class RequirementResult(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement that was tested, and its outcome."""

    id: str
    level: Level
    decides: Annotated[bool, told("Whether a failure decides the verdict at this profile.")]
    basis: Basis
    area: str
    statement: str
    passages: Annotated[list[str], told("Headings of the document under which it is said.")]
    outcome: Annotated[Outcome, told("The worst that came of it.")]
    kept: Annotated[int, told("How often it was kept, by cases and by single replies.")]
    cases: Annotated[list[CaseResult], told("Its cases, and the cases of others whose replies broke it.")]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A case that broke a requirement, with all requests and replies."""

    requirement: str
    level: Level
    decides: bool
    id: str
    case: str
    title: str
    operation: str
    outcome: Annotated[Outcome, told("failed, or deviation where it was expected.")]
    observed: Annotated[str, told("The symptom, short and the same in every run.")]
    expected: str
    reason: str
    replay: Annotated[str, told("The command that runs the case again.")]
    exchanges: list[ExchangeMade]


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A case that was not judged, and the reason."""

    requirement: str
    case: str
    reason: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of exploration."""

    operation: str
    title: str
    message: str
    curl: str


class Explored(msgspec.Struct, frozen=True, kw_only=True):
    """The result of exploration. It never decides the verdict."""

    examples: Annotated[int, told("Generated examples for each operation.")]
    requests: int
    skipped: Annotated[str, told("Why it did not run.")]
    findings: list[Finding]


class ConformanceReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a run of `traits-sandbox conformance`."""

    form: Annotated[int, told("Version of this form; a larger one may lack members or mean other things by them.")]
    verdict: Verdict
    exit_code: Annotated[int, told("0 conformant, 1 not conformant, 3 inconclusive.")]
    complete: Annotated[bool, told("Whether everything was judged that was not excluded on purpose.")]
    about: About
    requests: Requests
    counts: Annotated[
        dict[Level, dict[str, int]],
        told("Requirements by level and by what came of them; noted is a failure that decides nothing."),
        _BY_LEVEL,
    ]
    obstacle: Annotated[str, told("Why nothing could be judged at all.")]
    missing: Annotated[list[str], told("What keeps the run from proving conformance.")]
    failures: Annotated[list[Failure], told("All failures, also those that do not decide.")]
    deviations: Annotated[list[Failure], told("The failures that were expected.")]
    unused_deviations: Annotated[list[str], told("Expected deviations that did not show: each is a failure.")]
    inconclusive: Annotated[list[Failure], told("The cases without an answer that can be judged; see reason.")]
    skipped: list[Skipped]
    left_behind: Annotated[list[str], told("What the run has made and could not remove.")]
    requirements: list[RequirementResult]
    exploration: Explored | None


def schema() -> bytes:
    """Return the published JSON Schema of the form, as it is committed."""
    made = {
        "$schema": DIALECT,
        "title": "Report of traits-sandbox conformance",
        **struct_schema(ConformanceReport),
    }
    return orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
