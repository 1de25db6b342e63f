"""The report as JSON, in the form that `conformance/report.schema.json` describes."""

import base64
import codecs
from collections import Counter
from typing import Final

import msgspec

from traits_sandbox.conformance.http.exchange import Exchange, Pairs, Reply
from traits_sandbox.conformance.judging.report import Exploration, Outcome, Report, RequirementOutcome, Result
from traits_sandbox.conformance.judging.requirements import Level
from traits_sandbox.conformance.reports.json_form import (
    FORM,
    About,
    Body,
    CaseResult,
    ConformanceReport,
    ExchangeMade,
    Explored,
    Failure,
    Finding,
    ReplyCame,
    Requests,
    RequestSent,
    RequirementResult,
    Skipped,
)
from traits_sandbox.conformance.reports.reasons import describe
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.words import standing

BODY_LIMIT: Final = 2**12
"""The number of bytes of a body in the report."""


def render(report: Report, way: Reproduction) -> bytes:
    """Return a report as JSON, ending in a line break. The key must be masked in it."""
    return msgspec.json.format(msgspec.json.encode(form(report, way)), indent=2) + b"\n"


def form(report: Report, way: Reproduction) -> ConformanceReport:
    """Return a report in its published form."""
    return ConformanceReport(
        form=FORM,
        verdict=report.verdict,
        exit_code=report.exit_code,
        complete=report.complete,
        about=_about(report),
        requests=Requests(planned=report.planned, sent=report.sent),
        counts=_counts(report),
        obstacle=describe(report.obstacle),
        missing=list(map(describe, report.missing)),
        failures=_failures(report, way, "failed"),
        deviations=_failures(report, way, "deviation"),
        unused_deviations=list(report.unused),
        inconclusive=_failures(report, way, "inconclusive"),
        skipped=[
            Skipped(requirement=each.requirement, case=each.case, reason=describe(each.reason))
            for judged in report.judged
            for each in judged.results
            if each.outcome == "skipped"
        ],
        left_behind=list(report.left_behind),
        requirements=[_requirement(report, each) for each in report.judged],
        exploration=_explored(report.exploration),
    )


def _about(report: Report) -> About:
    about = report.about
    own = {name: getattr(about, name) for name in About.__struct_fields__ if name not in ("decides", "only")}
    return About(**own, decides=sorted(report.deciding), only=list(about.only))


def _counts(report: Report) -> dict[Level, dict[str, int]]:
    counts: dict[Level, Counter[str]] = {"MUST": Counter(), "SHOULD": Counter(), "INFO": Counter()}
    for each in report.judged:
        counts[each.requirement.level][standing(report, each)] += 1
    return {level: dict(counted) for level, counted in counts.items()}


def _failures(report: Report, way: Reproduction, outcome: Outcome) -> list[Failure]:
    return [
        _failure(report, judged, result, way)
        for judged in report.judged
        for result in judged.results
        if result.outcome == outcome
    ]


def _failure(report: Report, judged: RequirementOutcome, result: Result, way: Reproduction) -> Failure:
    own = {name: getattr(result, name) for name in Failure.__struct_fields__ if hasattr(result, name)}
    return Failure(**own | {
        "reason": describe(result.reason),
        "level": judged.requirement.level,
        "decides": judged.requirement.level in report.deciding,
        "replay": way.replay(result.case),
        "exchanges": [_exchange(each, way) for each in result.exchanges],
    })  # fmt: skip


def _requirement(report: Report, judged: RequirementOutcome) -> RequirementResult:
    requirement = judged.requirement
    return RequirementResult(
        id=requirement.id,
        level=requirement.level,
        decides=requirement.level in report.deciding,
        basis=requirement.basis,
        area=requirement.area,
        statement=requirement.statement,
        passages=list(requirement.passages),
        outcome=judged.outcome,
        kept=judged.passed,
        cases=[_case(each) for each in judged.results],
    )


def _case(result: Result) -> CaseResult:
    return CaseResult(
        **{name: getattr(result, name) for name in CaseResult.__struct_fields__} | {"reason": describe(result.reason)}
    )


def _exchange(exchange: Exchange, way: Reproduction) -> ExchangeMade:
    request = exchange.request
    return ExchangeMade(
        number=exchange.number,
        request=RequestSent(
            method=request.method,
            path=request.path,
            query=_pairs(request.query),
            headers=_pairs(request.headers),
            body=_body(request.body),
            operation=request.operation,
        ),
        reply=_reply(exchange.reply) if exchange.reply else None,
        problem=exchange.problem,
        detail=describe(exchange.limit) or exchange.detail,
        seconds=round(exchange.seconds, 4),
        curl=way.curl(request),
    )


def _reply(reply: Reply) -> ReplyCame:
    return ReplyCame(status=reply.status, headers=_pairs(reply.headers), body=_body(reply.body), cut=reply.cut)


def _pairs(pairs: Pairs) -> list[tuple[str, str]]:
    return list(pairs)


def _body(body: bytes | None) -> Body | None:
    if body is None:
        return None
    kept, whole = body[:BODY_LIMIT], len(body) <= BODY_LIMIT
    try:
        # If the body is cut, the last character may be incomplete, and is left out.
        text = codecs.getincrementaldecoder("utf-8")().decode(kept, final=whole)
    except UnicodeDecodeError:
        return Body(size=len(body), text=None, base64=base64.b64encode(kept).decode(), whole=whole)
    return Body(size=len(body), text=text, base64=None, whole=whole)


def _explored(exploration: Exploration | None) -> Explored | None:
    if exploration is None:
        return None
    return Explored(
        examples=exploration.examples,
        requests=exploration.requests,
        skipped="; ".join(map(describe, exploration.skipped)),
        findings=[
            Finding(operation=each.operation, title=each.title, message=each.message, curl=each.curl)
            for each in exploration.findings
        ],
    )
