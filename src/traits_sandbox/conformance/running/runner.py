"""Runs a plan: sends the requests of each case, judges the replies, and removes the data."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial

import orjson

from traits_sandbox.conformance.catalogue.case import Case
from traits_sandbox.conformance.http.client import Wire
from traits_sandbox.conformance.http.conversation import Conversation, PollBudget
from traits_sandbox.conformance.http.exchange import Exchange
from traits_sandbox.conformance.judging.observers import Observers
from traits_sandbox.conformance.judging.report import Outcome, Result
from traits_sandbox.conformance.reasons import OverBudget, Reason, ReasonKind, Unanswered, Vetoed
from traits_sandbox.conformance.running.events import CaseEnded, Observer
from traits_sandbox.conformance.running.plan import Plan, Step

# If a server hangs twice at an operation, it will probably hang again: use the time for other operations.
MAX_HANGS = 2


@dataclass(slots=True)
class RunState:
    """The state of a run.

    `results` has the results of all cases, and other breaches in their exchanges. `passed` counts kept requirements,
    `succeeded` has the operations that answered 2xx, `created` the ids of this run that the server may have stored, and
    `unnamed` counts bodies without such an id that it may have stored.
    """

    results: list[Result] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    succeeded: set[str] = field(default_factory=set)
    hangs: Counter[str] = field(default_factory=Counter)
    created: set[str] = field(default_factory=set)
    unnamed: int = 0

    @property
    def users(self) -> set[str]:
        """Return the users that the server may have stored; each needs a deletion."""
        return {each for each in self.created if not each.endswith("-item")}


class OwnIds:
    """Finds the ids of a run in bodies: in JSON with any characters, and in other text."""

    def __init__(self, prefix: str) -> None:
        begin = re.escape(prefix.encode())
        self._pattern = re.compile(rb'("%b(?:[^"\\\x00-\x1f]|\\.)+")|%b[a-z0-9-]+' % (begin, begin))

    def within(self, body: bytes) -> set[str]:
        """Return the ids in a body."""
        return {_unquoted(found[1]) if found[1] else found[0].decode() for found in self._pattern.finditer(body)}


def _unquoted(text: bytes) -> str:
    try:
        return str(orjson.loads(text))
    except orjson.JSONDecodeError:
        return text[1:-1].decode(errors="replace")


class Runner:
    """Runs the cases of a plan, some at the same time. Each case is independent of the others."""

    def __init__(self, wire: Wire, observers: Observers, *, prefix: str, concurrency: int, tell: Observer) -> None:
        self._wire, self._observers, self._tell = wire, observers, tell
        self._own_ids = OwnIds(prefix)
        self._concurrency, self._turns = concurrency, asyncio.Semaphore(concurrency)
        self._polls = PollBudget()
        self._through = asyncio.Event()
        self.tally = RunState()
        self._over: Reason | None = None

    async def run(self, plan: Plan) -> None:
        """Run every step of a plan."""
        async with asyncio.TaskGroup() as tasks:
            for step in plan.steps:
                turns = self._concurrency if step.case.alone else 1
                for _ in range(turns):
                    await self._turns.acquire()
                task = tasks.create_task(self._step(step))
                task.add_done_callback(partial(self._release, turns))
            # A case takes a turn while it runs. With all turns taken here, only waiting cases are left.
            for _ in range(self._concurrency):
                await self._turns.acquire()
            self._through.set()
            self._release(self._concurrency)

    async def _others(self) -> None:
        """Wait, without a turn, until all cases have ended except those that wait here."""
        self._turns.release()
        await self._through.wait()
        await self._turns.acquire()

    def _release(self, turns: int, _: asyncio.Task[None] | None = None) -> None:
        for _turn in range(turns):
            self._turns.release()

    async def _step(self, step: Step) -> None:
        case = step.case
        reason = step.skipped or self._over or self._hopeless(case)
        result, broken = (_result(case, "skipped", reason=reason), ()) if reason else await self._judge(case)
        if result.outcome == "passed":
            self.tally.passed[case.requirement] += 1
            self.tally.results.append(replace(result, exchanges=()))
        else:
            self.tally.results.append(result)
        self.tally.results.extend(broken)
        self._tell(CaseEnded(result, self._wire.sent, broken))

    async def _judge(self, case: Case) -> tuple[Result, tuple[Result, ...]]:
        """Run a case; return its result, and breaches of other requirements in its exchanges."""
        talk = Conversation(self._wire, self._polls, self._others)
        try:
            breach = await case.judge(talk)
        except Unanswered as error:
            result = _result(case, "inconclusive", reason=error.reason)
        except Vetoed as error:
            result = _result(case, "skipped", reason=error.reason)
        except OverBudget as error:
            self._over = Reason.of(ReasonKind.NOT_SENT, error.reason)
            result = _result(case, "inconclusive", reason=error.reason)
        except asyncio.CancelledError:
            # The data that it has created so far must be removed too.
            self._observe(case, talk.exchanges)
            raise
        else:
            result = _result(case, "passed")
            if breach is not None:
                result = _result(case, "failed", observed=breach.observed, expected=breach.expected)
        broken = self._observe(case, talk.exchanges)
        return replace(result, exchanges=tuple(talk.exchanges)), broken

    def _observe(self, case: Case, exchanges: list[Exchange]) -> tuple[Result, ...]:
        broken: dict[str, Result] = {}
        for exchange in exchanges:
            self._remember(exchange)
            for requirement, breach in self._observers(exchange):
                if breach is None:
                    self.tally.passed[requirement] += 1
                elif requirement not in broken:
                    broken[requirement] = Result(
                        requirement, case.id, case.title, case.operation, "failed",
                        breach.observed, breach.expected, None, (exchange,),
                    )  # fmt: skip
        return tuple(broken.values())

    def _remember(self, exchange: Exchange) -> None:
        request, reply = exchange.request, exchange.reply
        if exchange.problem == "timeout":
            self.tally.hangs[request.operation] += 1
        if (reply is None or reply.accepted) and self._wire.appends(request):
            ids = self._own_ids.within(request.body or b"")
            self.tally.created |= ids
            self._wire.reserved = len(self.tally.users)
            self.tally.unnamed += bool(request.body) and not ids
        if reply is not None and reply.accepted:
            self.tally.succeeded.add(request.operation)

    def _hopeless(self, case: Case) -> Reason | None:
        hung = case.operation and self.tally.hangs[case.operation] >= MAX_HANGS
        return Reason.of(ReasonKind.HUNG, operation=case.operation, times=MAX_HANGS) if hung else None


def _result(
    case: Case, outcome: Outcome, *, observed: str = "", expected: str = "", reason: Reason | None = None
) -> Result:
    return Result(case.requirement, case.id, case.title, case.operation, outcome, observed, expected, reason)
