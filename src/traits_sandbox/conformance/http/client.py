"""The only module that sends requests: to the target only, checked, counted, and limited in rate, time and size."""

import asyncio
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

import httpx

from traits_sandbox.conformance.http.exchange import Exchange, Pairs, Reply, Request
from traits_sandbox.conformance.http.keys import DUMMY, marked, reveal
from traits_sandbox.conformance.http.safety import Gate, is_loopback
from traits_sandbox.conformance.http.sockets import accepts_old_tls, address, reply_to_head
from traits_sandbox.conformance.reasons import OverBudget, Reason, ReasonKind
from traits_sandbox.errors import UsageError
from traits_sandbox.trust import trust

MAX_REPLY: Final = 4 * 2**20
_PATIENCE: Final = 3
_USER_AGENT: Final = ("User-Agent", "traits-sandbox-conformance")


@dataclass(frozen=True, slots=True)
class WireLimits:
    """The limits of a run. Times are in seconds, `rate` is in requests per second (0: no limit)."""

    max_requests: int = 10_000
    rate: float = 0.0
    max_time: float = 120.0
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """The server that is judged. `ca_file` has certificates to trust in addition to the usual ones."""

    base_url: str
    key: str
    ca_file: str | None = None

    @property
    def host(self) -> str:
        """Return the host name or address."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def secured(self) -> bool:
        """Return whether the target uses TLS."""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def in_clear(self) -> bool:
        """Return whether the key is sent to another machine without encryption."""
        return not self.secured and not is_loopback(self.host)

    def check(self) -> None:
        """Check the target.

        Raises:
            UsageError: the URL is not that of a server, or the key is empty.

        """
        try:
            url = urlsplit(self.base_url)
            usable = url.scheme in ("http", "https") and url.hostname and url.port != 0
        except ValueError:
            usable = False
        if not usable or url.query or url.fragment or url.username:
            raise UsageError(
                "the base URL must be like https://host or http://127.0.0.1:8000, without a query or a login"
            )
        if not self.key or not self.key.isascii() or not self.key.isprintable() or self.key != self.key.strip():
            raise UsageError("the API key must be given, by --api-key or TRAITS_API_KEY, and be printable ASCII")


class Wire:
    """Sends requests to one target. It follows no redirects, and uses no proxies or login files of this machine."""

    def __init__(
        self,
        target: Target,
        gate: Gate,
        limits: WireLimits,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Prepare to send; nothing is sent yet. With `transport`, requests go there and not to a socket."""
        self._target, self._gate, self._limits, self._clock = target, gate, limits, clock
        self._transport = transport
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self._deadline = clock() + limits.max_time
        self._next = 0.0
        self.sent = 0
        self.reserved = 0

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()

    @property
    def left(self) -> float:
        """Return the remaining seconds of the run."""
        return self._deadline - self._clock()

    @property
    def _within(self) -> float:
        """Return the longest time of one exchange in seconds."""
        return max(0.05, min(self._limits.timeout, self.left))

    def extend(self, seconds: float) -> None:
        """Extend the time of the run, for cleaning up after it is over."""
        self._deadline = max(self._deadline, self._clock() + seconds)

    def appends(self, request: Request) -> bool:
        """Return whether a request that succeeds may have added data."""
        return self._gate.reach(request) in ("append", "unsafe")

    async def send(self, request: Request) -> Exchange:
        """Send a request and return the exchange. If the server answers 429, wait as long as it asks and repeat it.

        The exchange's problem is `over` if the run's limits ended before the server's time for a reply.

        Raises:
            Vetoed: its reach is not allowed on this target.
            OverBudget: a limit of the run is reached.

        """
        self._gate.check(request)
        if request.plain and marked("".join(value for _, value in (*request.headers, *request.query))):
            raise AssertionError("a request over plain HTTP must not carry the key")
        for patience in reversed(range(_PATIENCE)):
            exchange = await self._once(request)
            pause = _asked_pause(exchange.reply)
            if pause is None or not patience or pause > self.left:
                break
            await asyncio.sleep(pause)
        return exchange

    async def accepts_old_tls(self) -> bool | None:
        """Return whether the target accepts TLS 1.1 or older; None if it cannot be tested. Counts as one request.

        Raises:
            OverBudget: a limit of the run is reached.

        """
        await self._turn()
        if self._transport is not None:
            return None
        try:
            async with asyncio.timeout(self._within):
                return await accepts_old_tls(*address(httpx.URL(self._target.base_url)))
        except TimeoutError:
            return None

    async def _once(self, request: Request) -> Exchange:
        exchange = await self._try(request)
        if request.plain:
            return exchange
        if exchange.problem != "dropped":
            return exchange
        # A server may close an idle connection just before it is used again. That is not an error: use a new one.
        try:
            return replace(await self._try(request), times=2)
        except OverBudget as error:
            return replace(exchange, problem="over", detail="", limit=error.reason)

    async def _try(self, request: Request) -> Exchange:
        number = await self._turn()
        begin = self._clock()
        within = self._within
        try:
            async with asyncio.timeout(within):
                outcome = Exchange(request, await self._exchange(request))
        except TimeoutError:
            outcome = self._late(request, within)
        except httpx.TransportError as error:
            outcome = Exchange(request, None, _problem(error), str(error) or type(error).__name__)
        return replace(outcome, number=number, seconds=self._clock() - begin)

    def _late(self, request: Request, within: float) -> Exchange:
        """Return an exchange that took longer than it was allowed to."""
        if within < self._limits.timeout:
            return Exchange(request, None, "over", limit=self._time_is_over)
        return Exchange(request, None, "timeout", f"no complete reply within {within:.1f} s")

    @property
    def _time_is_over(self) -> Reason:
        return Reason.of(ReasonKind.TIME_OVER, limit=f"{self._limits.max_time:g}")

    async def _turn(self) -> int:
        """Wait until the rate allows the next request, and return its number."""
        if self.sent + self.reserved >= self._limits.max_requests:
            raise OverBudget(Reason.of(ReasonKind.REQUESTS_USED, limit=self._limits.max_requests))
        now = self._clock()
        place = max(now, self._next)
        if place - now >= self.left:
            raise OverBudget(self._time_is_over)
        self.sent += 1
        number = self.sent
        if self._limits.rate:
            self._next = place + 1 / self._limits.rate
            await asyncio.sleep(place - now)
        return number

    async def _exchange(self, request: Request) -> Reply:
        key = DUMMY if request.plain else self._target.key
        client = self._client(plain=request.plain)
        # Before the request is built, so that the kit never sends cookies of the server.
        client.cookies.clear()
        outgoing = client.build_request(
            request.method,
            request.path,
            params=[(name, reveal(value, key)) for name, value in request.query] or None,
            headers=_headers(request, key),
            content=_chunks(request.body) if request.chunked and request.body is not None else request.body,
        )
        if outgoing.url.host != client.base_url.host or outgoing.url.port != client.base_url.port:
            raise AssertionError("a request would go to another host")
        if request.method == "HEAD" and self._transport is None:
            return await reply_to_head(outgoing, self._trust() if outgoing.url.scheme == "https" else None)
        reply = await client.send(outgoing, stream=True)
        try:
            body, cut = await _read(reply)
        finally:
            await reply.aclose()
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in reply.headers.raw)
        return Reply(reply.status_code, headers, body, cut)

    def _client(self, *, plain: bool) -> httpx.AsyncClient:
        if plain not in self._clients:
            base = httpx.URL(self._target.base_url)
            self._clients[plain] = httpx.AsyncClient(
                base_url=base.copy_with(scheme="http") if plain else base,
                # Certificates are read only for sockets, because it takes time.
                verify=self._trust() if self._transport is None and base.scheme == "https" and not plain else False,
                trust_env=False,
                follow_redirects=False,
                timeout=self._limits.timeout,
                transport=self._transport,
                limits=httpx.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=2.0),
            )
        return self._clients[plain]

    def _trust(self) -> ssl.SSLContext:
        return trust(self._target.ca_file or "")


def _headers(request: Request, key: str) -> Pairs:
    """Return the headers to send: those of the request, and those that ask for an uncompressed reply."""
    usual = (_USER_AGENT, ("Accept", "*/*"), ("Accept-Encoding", "identity"))
    return (*usual, *((name, reveal(value, key)) for name, value in request.headers))


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    half = len(body) // 2
    for part in (body[:half], body[half:]):
        if part:
            yield part


async def _read(reply: httpx.Response) -> tuple[bytes, bool]:
    """Read a body up to the limit of its length; return this part, and whether there was more."""
    body = bytearray()
    async for chunk in reply.aiter_raw():
        body += chunk
        if len(body) > MAX_REPLY:
            return bytes(body[:MAX_REPLY]), True
    return _decoded(bytes(body), reply.headers.get("content-encoding", ""))


def _decoded(body: bytes, encoding: str) -> tuple[bytes, bool]:
    """Return the content of a compressed body, which nobody requested, up to the limit for all bodies."""
    if encoding.lower() not in ("gzip", "x-gzip", "deflate"):
        return body, False
    inflate = zlib.decompressobj(47)
    try:
        return inflate.decompress(body, MAX_REPLY), bool(inflate.unconsumed_tail)
    except zlib.error:
        return body, False


def _problem(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return "certificate" if re.search(r"certificate|ssl", str(error), re.IGNORECASE) else "unreachable"
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error) and "closed" not in str(error):
        return "protocol"
    return "dropped"


def _asked_pause(reply: Reply | None) -> float | None:
    """Return the seconds to wait before the request is sent again, None if it is not."""
    if reply is None or reply.status != 429:
        return None
    asked = reply.header("Retry-After")
    return min(float(asked), 60.0) if asked.isdigit() else 1.0
