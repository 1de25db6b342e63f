"""A mutant: a server broken in one way that is known, with the requirements by one of which it has to fail."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import httpx

from tests.conformance.kit import InProcess
from tests.conformance.mutants.facts import KEY, cases, sandbox_app
from tests.conformance.mutants.facts import contract as promised
from tests.conformance.mutants.wrapping import Around, Wrapped
from traits_sandbox.conformance.http.client import Target, WireLimits
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.run import Run
from traits_sandbox.contract.model import Contract

PREFIX = "tsc-mutant-"


@dataclass(frozen=True, slots=True)
class Hosted:
    """Where a server is: its URL, the way to it if that is not a socket, the CA to trust."""

    base_url: str = "http://127.0.0.1"
    transport: httpx.AsyncBaseTransport | None = None
    ca_file: str | None = None


Host = Callable[[], AbstractAsyncContextManager[Hosted]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """`does` says in a sentence what is broken; `kills` names requirements of which at least one has to find it.

    `concurrency` is 1 where what the mutant does depends on what else is under way. `in_process` is false where the
    server listens on a socket.
    """

    name: str
    does: str
    kills: tuple[str, ...]
    host: Host
    limits: WireLimits = field(default_factory=WireLimits)
    concurrency: int = 4
    in_process: bool = True

    async def report(self, *only: str) -> Report:
        """Run the kit on a fresh copy of the mutant; `only` as in the options."""
        options = Options(profile="emulator", only=only, limits=self.limits, concurrency=self.concurrency)
        async with self.host() as hosted:
            target = Target(hosted.base_url, KEY, hosted.ca_file)
            run = Run(target, options, contract=promised(), transport=hosted.transport, prefix=PREFIX, cases=cases)
            return await run.report()


def changed(name: str, does: str, kills: tuple[str, ...], contract: Contract) -> Mutant:
    """Return a sandbox of a changed contract."""

    @asynccontextmanager
    async def host() -> AsyncIterator[Hosted]:
        yield Hosted(transport=InProcess(sandbox_app(contract)))

    return Mutant(f"contract.{name}", does, kills, host)


def broken_by(name: str, does: str, kills: str, around: Around | type, **more: object) -> Mutant:
    """Return a sandbox with a middleware around it; a class of middlewares is made again for each run."""

    @asynccontextmanager
    async def host() -> AsyncIterator[Hosted]:
        made = around() if isinstance(around, type) else around
        yield Hosted(transport=InProcess(Wrapped(sandbox_app(), made)))

    return Mutant(name, does, tuple(kills.split()), host, **more)  # type: ignore[arg-type]
