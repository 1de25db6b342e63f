"""The form of the JSON report, from which `conformance/report.schema.json` is generated."""

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


def described(text: str) -> Any:
    """Return the description that the schema has for a member."""
    return msgspec.Meta(description=text)


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about the run."""

    kit: Annotated[str, described("Version of traits-sandbox.")]
    suite: Annotated[str, described("Version of the requirements.")]
    edition: Annotated[str, described("Edition of the vendor's document.")]
    contract: Annotated[str, described("Digest of the contract that the server was compared with.")]
    target: Annotated[str, described("Base URL of the server.")]
    profile: Profile
    decides: Annotated[list[Level], described("The levels that decide the verdict.")]
    reach: Annotated[str, described("The most that requests were allowed to do: read, append, destroy or unsafe.")]
    only: Annotated[list[str], described("The patterns of --only that select cases; empty if all were selected.")]
    seed: int
    prefix: Annotated[str, described("The beginning of all ids of this run.")]
    started: Annotated[str, described("Start of the run, UTC in ISO 8601.")]
    seconds: float


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of requests, without those for cleaning up."""

    planned: int
    sent: int


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A body. `text` has it if it is UTF-8, else `base64`; the other one is null. `whole` is false if it is cut."""

    size: Annotated[int, described("Length of the whole body in bytes.")]
    text: str | None
    base64: str | None
    whole: bool


class RequestSent(msgspec.Struct, frozen=True, kw_only=True):
    """A request. `{{key}}` in a header or the query marks the API key, `{{key:NAME}}` a value made from it."""

    method: str
    path: Annotated[str, described("Path below the base URL, percent-encoded, without the query.")]
    query: list[tuple[str, str]]
    headers: Annotated[
        list[tuple[str, str]], described("The headers that the case sets; every HTTP client adds others.")
    ]
    body: Body | None
    operation: str


class ReplyCame(msgspec.Struct, frozen=True, kw_only=True):
    """A reply."""

    status: int
    headers: list[tuple[str, str]]
    body: Body | None
    cut: Annotated[bool, described("Whether the body is longer than the kit reads.")]


class ExchangeMade(msgspec.Struct, frozen=True, kw_only=True):
    """A request with its reply, or with a problem."""

    number: Annotated[int, described("Position of the request in the order of sending, from 1.")]
    request: RequestSent
    reply: ReplyCame | None
    problem: Annotated[str, described("timeout, dropped, unreachable, certificate, protocol, over; empty for a reply.")]
    detail: str
    seconds: float
    curl: Annotated[
        str, described("A shell command that sends the request again; empty if the body is too long for it.")
    ]


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one case."""

    id: Annotated[str, described("The id of the result, which a file of deviations uses.")]
    case: Annotated[str, described("The id of the case, which `conformance replay` uses.")]
    title: str
    operation: str
    outcome: Outcome
    reason: Annotated[str, described("Why nothing was judged, or the deviation that expects the failure.")]


class RequirementResult(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement that was tested, and its outcome."""

    id: str
    level: Level
    decides: Annotated[bool, described("Whether a failure decides the verdict at this profile.")]
    basis: Basis
    area: str
    statement: str
    passages: Annotated[list[str], described("Headings of the passages in the document that state the requirement.")]
    outcome: Annotated[Outcome, described("The worst outcome of its cases.")]
    kept: Annotated[int, described("How many cases and single replies kept the requirement.")]
    cases: Annotated[
        list[CaseResult], described("The cases of the requirement, and other cases with replies that broke it.")
    ]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A case that broke a requirement, with all requests and replies."""

    requirement: str
    level: Level
    decides: bool
    id: str
    case: str
    title: str
    operation: str
    outcome: Annotated[Outcome, described("failed, or deviation if the failure was expected.")]
    observed: Annotated[str, described("The symptom, short and the same in every run.")]
    expected: str
    reason: str
    replay: Annotated[str, described("The command that runs the case again.")]
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

    examples: Annotated[int, described("Generated examples for each operation.")]
    requests: int
    skipped: Annotated[str, described("Why exploration did not run.")]
    findings: list[Finding]


class ConformanceReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a run of `traits-sandbox conformance`."""

    form: Annotated[
        int, described("Version of this form. In a higher version, members may be missing or have another meaning.")
    ]
    verdict: Verdict
    exit_code: Annotated[int, described("0 conformant, 1 not conformant, 3 inconclusive.")]
    complete: Annotated[bool, described("Whether everything was judged, except what was excluded on purpose.")]
    about: About
    requests: Requests
    counts: Annotated[
        dict[Level, dict[str, int]],
        described("Number of requirements by level and outcome; noted is a failure that does not decide the verdict."),
        _BY_LEVEL,
    ]
    obstacle: Annotated[str, described("Why nothing could be judged at all.")]
    missing: Annotated[list[str], described("Reasons why the run does not prove conformance.")]
    failures: Annotated[list[Failure], described("All failures, including those that do not decide the verdict.")]
    deviations: Annotated[list[Failure], described("The failures that were expected.")]
    unused_deviations: Annotated[list[str], described("Expected deviations that did not occur; each one is a failure.")]
    inconclusive: Annotated[
        list[Failure], described("The cases without a reply that can be judged, each with its reason.")
    ]
    skipped: list[Skipped]
    left_behind: Annotated[list[str], described("Data that the run created and could not remove.")]
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
