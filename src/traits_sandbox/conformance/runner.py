"""Runs a plan: sends the cases, judges what comes back, removes what was made."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field, replace

from traits_sandbox.conformance.case import Case, Unanswered
from traits_sandbox.conformance.events import CaseEnded, Observer
from traits_sandbox.conformance.exchange import Exchange
from traits_sandbox.conformance.observers import Observers
from traits_sandbox.conformance.plan import Plan, Step
from traits_sandbox.conformance.report import Outcome, Result
from traits_sandbox.conformance.safety import Vetoed
from traits_sandbox.conformance.talk import Conversation
from traits_sandbox.conformance.wire import OverBudget, Wire

# A server that hangs twice at an operation will hang again; the time is better spent on the others.
MAX_HANGS = 2


@dataclass(slots=True)
class Tally:
    """What is known so far.

    `results` are those that are not plain passes, `passed` counts those that are by requirement, `succeeded` holds the
    operations that answered 2xx, `created` the ids of this run that the server may have taken, and `unnamed` counts
    what it took without any such id.
    """

    results: list[Result] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    succeeded: set[str] = field(default_factory=set)
    hangs: Counter[str] = field(default_factory=Counter)
    created: set[str] = field(default_factory=set)
    unnamed: int = 0


class Runner:
    """Runs the cases of a plan, some side by side. Each is independent of the others."""

    def __init__(self, wire: Wire, observers: Observers, *, prefix: str, concurrency: int, tell: Observer) -> None:
        self._wire, self._observers, self._tell = wire, observers, tell
        self._own_id = re.compile(re.escape(prefix.encode()) + rb"[a-z0-9-]+")
        self._turns = asyncio.Semaphore(concurrency)
        self.tally = Tally()
        self._over = ""

    async def run(self, plan: Plan) -> None:
        """Run every step of a plan."""
        async with asyncio.TaskGroup() as tasks:
            for step in plan.steps:
                await self._turns.acquire()
                task = tasks.create_task(self._step(step))
                task.add_done_callback(lambda _: self._turns.release())

    async def _step(self, step: Step) -> None:
        case = step.case
        reason = step.skipped or self._over or self._hopeless(case)
        result = _result(case, "skipped", reason=reason) if reason else await self._judge(case)
        if result.outcome == "passed":
            self.tally.passed[case.requirement] += 1
        else:
            self.tally.results.append(result)
        self._tell(CaseEnded(result, self._wire.sent))

    async def _judge(self, case: Case) -> Result:
        talk = Conversation(self._wire)
        try:
            breach = await case.judge(talk)
        except Unanswered as error:
            result = _result(case, "inconclusive", reason=str(error))
        except Vetoed as error:
            result = _result(case, "skipped", reason=f"not allowed on this target: {error}")
        except OverBudget as error:
            self._over = f"not sent: {error}"
            result = _result(case, "inconclusive", reason=str(error))
        else:
            result = _result(case, "passed")
            if breach is not None:
                result = _result(case, "failed", observed=breach.observed, expected=breach.expected)
        self._observe(case, talk.exchanges)
        return result if result.outcome == "passed" else _with(result, talk.exchanges)

    def _observe(self, case: Case, exchanges: list[Exchange]) -> None:
        broken: dict[str, Result] = {}
        for exchange in exchanges:
            self._remember(exchange)
            for requirement, breach in self._observers(exchange):
                if breach is None:
                    self.tally.passed[requirement] += 1
                elif requirement not in broken:
                    broken[requirement] = Result(
                        requirement, case.id, case.title, case.operation, "failed",
                        breach.observed, breach.expected, "", (exchange,),
                    )  # fmt: skip
        self.tally.results.extend(broken.values())

    def _remember(self, exchange: Exchange) -> None:
        request, reply = exchange.request, exchange.reply
        if exchange.problem == "timeout":
            self.tally.hangs[request.operation] += 1
        if (reply is None or reply.accepted) and self._wire.appends(request):
            ids = {found.decode() for found in self._own_id.findall(request.body or b"")}
            self.tally.created |= ids
            self.tally.unnamed += not ids
        if reply is not None and reply.accepted:
            self.tally.succeeded.add(request.operation)

    def _hopeless(self, case: Case) -> str:
        hung = case.operation and self.tally.hangs[case.operation] >= MAX_HANGS
        return f"not sent: {case.operation} hung {MAX_HANGS} times" if hung else ""


def _result(case: Case, outcome: Outcome, *, observed: str = "", expected: str = "", reason: str = "") -> Result:
    return Result(case.requirement, case.id, case.title, case.operation, outcome, observed, expected, reason)


def _with(result: Result, exchanges: list[Exchange]) -> Result:
    return replace(result, exchanges=tuple(exchanges))
