"""A whole run: preflight, cases, exploration, clean-up, report."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

import httpx
import msgspec

from traits_sandbox import __version__
from traits_sandbox.clock import Clock, system_clock
from traits_sandbox.conformance.catalogue.case import Case
from traits_sandbox.conformance.catalogue.every_case import catalogue
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.exploring.exploration import explore, require_extra
from traits_sandbox.conformance.http.client import Target, Wire
from traits_sandbox.conformance.http.exchange import Exchange
from traits_sandbox.conformance.http.keys import near
from traits_sandbox.conformance.http.safety import Gate, Permit
from traits_sandbox.conformance.judging.judgement import excuse, judge, missing
from traits_sandbox.conformance.judging.observers import Observers
from traits_sandbox.conformance.judging.report import Exploration, Report, Result, RunFacts
from traits_sandbox.conformance.judging.requirements import DECIDING, Registry, registry
from traits_sandbox.conformance.running.cleaning import clean_up
from traits_sandbox.conformance.running.events import Interrupted, Observer, RunPlanned, Stage, nobody
from traits_sandbox.conformance.running.loops import run_anywhere
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.plan import Plan, make_plan, select
from traits_sandbox.conformance.running.preflight import Preflight, probe, questions
from traits_sandbox.conformance.running.runner import Runner, RunState
from traits_sandbox.contract.load import editions, load
from traits_sandbox.contract.model import Contract
from traits_sandbox.reporting.masking import Masker


def run_conformance(
    base_url: str, key: str, options: Options | None = None, *, ca_file: str | None = None, tell: Observer = nobody
) -> Report:
    """Judge a server by the promises of the vendor's document.

    `base_url` is like `https://host`; `key` is its API key. The options decide which requests besides reads are sent,
    and to which hosts; by default all on loopback, and only reads elsewhere. The report's `exit_code` is 0 only for a
    server that was proven conformant.

    It works where an event loop is running too, but that loop then waits for the end of the run. Use
    `run_conformance_in_loop` for a server in the same loop.

    Raises:
        UsageError: the URL, the key or an option cannot be used.

    """
    return run_anywhere(Run(Target(base_url, key, ca_file), options or Options(), tell=tell).report)


async def run_conformance_in_loop(
    base_url: str, key: str, options: Options | None = None, *, ca_file: str | None = None, tell: Observer = nobody
) -> Report:
    """Judge a server as `run_conformance` does, in the event loop that is running."""
    return await Run(Target(base_url, key, ca_file), options or Options(), tell=tell).report()


class Run:
    """One run against one target. Nothing is sent before `report` is awaited."""

    def __init__(
        self,
        target: Target,
        options: Options,
        *,
        contract: Contract | None = None,
        requirements: Registry | None = None,
        tell: Observer = nobody,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = system_clock,
        prefix: str = "",
        cases: Callable[[RequestFactory], Iterable[Case]] = catalogue,
    ) -> None:
        """Make a plan; `prefix` begins the run's ids and is random by default, `cases` returns the catalogue.

        Raises:
            UsageError: the target or an option cannot be used.

        """
        target.check()
        options.check_way(target)
        if options.explore:
            require_extra()
        self._target, self._options, self._tell, self._clock = target, options, tell, clock
        self._registry = requirements or registry()
        self._contract = contract or load(editions()[-1])
        self._materials = RequestFactory(
            self._contract,
            prefix or f"tsc-{secrets.token_hex(4)}-",
            options.seed,
            options.known_user,
            near(target.key),
        )
        self._permit = Permit(options.reach(target), self._materials.prefix)
        self._transport = transport
        self.plan = self._make_plan(cases(self._materials))

    def _make_plan(self, cases: Iterable[Case]) -> Plan:
        return make_plan(
            select(cases, self._options.only),
            self._registry,
            self._permit,
            secured=self._target.secured,
            seed=self._options.seed,
            preflight=len(questions(self._materials)),
        )

    async def report(self) -> Report:
        """Run, and return the report."""
        begin, started = monotonic(), self._clock()
        masker = Masker([self._target.key])
        gate = Gate(self._contract, self._permit)
        wire = Wire(
            self._target,
            gate,
            self._options.limits,
            transport=self._transport,
            clock=asyncio.get_running_loop().time,
        )
        observers = Observers(self._contract, masker)
        runner = Runner(
            wire, observers, prefix=self._materials.prefix, concurrency=self._options.concurrency, tell=self._tell
        )
        try:
            self._tell(RunPlanned(len(self.plan.steps), self.plan.requests))
            preflight = await probe(wire, self._materials)
            if not preflight.obstacle:
                await runner.run(self.plan)
            planned_sent = wire.sent
            exploration = await self._explore(wire, runner.tally, preflight)
            left = await self._clean(wire, runner.tally)
        except asyncio.CancelledError:
            await self._leave(wire, runner.tally)
            raise
        finally:
            await wire.close()
        report = self._reported(preflight, runner.tally, left, planned_sent, started, monotonic() - begin)
        return replace(report, exploration=exploration)

    async def _explore(self, wire: Wire, tally: RunState, preflight: Preflight) -> Exploration | None:
        if not self._options.explore or preflight.obstacle:
            return None
        self._tell(Stage("exploring"))
        return await explore(wire, self._materials, self._permit, tally, self._options, self._target)

    async def _leave(self, wire: Wire, tally: RunState) -> None:
        """Clean up after a cancellation; a second cancellation ends this too."""
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        self._tell(Interrupted(self._materials.prefix, await self._clean(wire, tally)))

    async def _clean(self, wire: Wire, tally: RunState) -> tuple[str, ...]:
        if not tally.created and not tally.unnamed:
            return ()
        self._tell(Stage("removing the data of this run"))
        return await clean_up(wire, self._materials, self._permit, tally)

    def _reported(
        self, preflight: Preflight, tally: RunState, left: tuple[str, ...], sent: int, started: float, seconds: float
    ) -> Report:
        if exchange := preflight.bad_certificate:
            tally.results.append(_untrusted(exchange))
        today = datetime.fromtimestamp(started, UTC).date()
        ran = frozenset() if preflight.obstacle else frozenset(case.id for case in self.plan.sent)
        unused = excuse(tally, self._options.deviations, self._target.base_url, today, ran)
        judged = judge(self._registry, tally)
        deciding = DECIDING[self._options.profile]
        return Report(
            about=self._about(started, seconds),
            judged=judged,
            planned=self.plan.requests,
            sent=sent,
            obstacle=preflight.obstacle,
            missing=() if preflight.obstacle else tuple(missing(self.plan, tally, judged, deciding)),
            left_behind=left,
            unused=unused,
        )

    def _about(self, started: float, seconds: float) -> RunFacts:
        return RunFacts(
            kit=__version__,
            suite=self._registry.version,
            edition=self._contract.edition,
            contract=hashlib.sha256(msgspec.json.encode(self._contract)).hexdigest()[:12],
            target=self._target.base_url,
            profile=self._options.profile,
            reach=self._permit.reach,
            seed=self._options.seed,
            prefix=self._materials.prefix,
            started=datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
            seconds=round(seconds, 3),
            only=self._options.only,
        )


def _untrusted(exchange: Exchange) -> Result:
    return Result(
        requirement="TLS-002",
        case="TLS-002.certificate",
        title="connect and verify the certificate",
        operation="",
        outcome="failed",
        observed="a certificate that cannot be verified",
        expected="a valid certificate for the host",
        exchanges=(exchange,),
    )
