"""What must hold after every hostile request: a documented answer, nothing stored, the next client served."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import thread_time
from typing import Any
from urllib.parse import urlsplit

from tests.hostile.cases import Case, Outcome, Outcomes
from tests.hostile.messages import CONTRACT, OPERATIONS, USER, Message, at_length, bare, carrying, in_chunks, valid
from tests.hostile.wire import CLOSED, Address, Answer, Connection, exchange
from tests.wire.served import Served
from traits_sandbox.contract.model import Operation

MEMORY = 300 * 2**20
# How often the sandbox may do the work of `reference` for one request: three times the work of the most costly one.
MOST = 30.0
# CPU seconds that are never too many, for which no reference is taken.
FREE = 0.5
# Only tests of slow senders set a deadline: a large request on a slow machine must not meet one.
UNHURRIED = ("--receive-timeout", "3600")
# The good client makes one request after every `PIECES` pieces of a hostile one.
PIECES = 8

PUSH = OPERATIONS["push_level_ups"]
EVERYONE = OPERATIONS["get_persona_user_ids"]
HEALTH = Message(b"GET", b"/_sandbox/health", ((b"Host", b"localhost"),))

_OUTSIDE = {CLOSED: Outcome.CUT, 400: Outcome.UNPARSED, 408: Outcome.UNPARSED, 431: Outcome.UNPARSED, 503: Outcome.BUSY}
_ERRORS = {400: Outcome.REFUSED, 401: Outcome.UNAUTHORIZED, 404: Outcome.NOT_FOUND}
_TEXT = json.dumps([{"name": "text", "number": 1.5}] * 30_000)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a sandbox has needed so far: its most memory in bytes, and CPU seconds."""

    memory: int
    cpu: float


class Judge:
    """Sends hostile requests to a sandbox that nobody else uses meanwhile, and knows what it should hold."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.address = address_of(served)
        self._records = 0
        self._dashboards = count(1)
        self._good = f"{served.key}/good"

    def new_credential(self) -> str:
        """Return the key to a dashboard that nobody has used."""
        return f"{self.served.key}/hostile-{next(self._dashboards)}"

    def try_case(self, case: Case, operation: Operation) -> None:
        """Send a case from a dashboard of its own and check everything that must hold afterwards."""
        credential = self.new_credential()
        users = self._with_a_user(credential) if operation.effect == "destroy" else []
        before = spent(self.served)
        answer = exchange(self.address, *case.pieces(operation, credential), end=case.end)
        surplus, users_after = self.look(credential)
        outcome = self._check(answer, operation, case.outcomes(operation), before)
        if not (outcome is Outcome.TAKEN and case.takes_effect(operation)):
            assert (surplus, users_after) == (0, users)

    def try_stream(
        self,
        operation: Operation,
        body: Iterable[bytes],
        right: Outcomes,
        *,
        credential: str = "",
        chunked: bool = False,
        stored: bool = False,
    ) -> None:
        """Send a body that is too large for memory, beside a good client; `stored` tells that it may be."""
        message = valid(operation, credential or self.new_credential())
        framed = in_chunks(message, body) if chunked else at_length(message, body)
        self.try_pieces(operation, framed, right, stored=stored)

    def try_pieces(
        self, operation: Operation, pieces: Iterable[bytes], right: Outcomes, *, stored: bool = False, end: bool = False
    ) -> None:
        """Send any bytes, however many, beside a good client; `end` closes our half of the connection after them."""
        before = spent(self.served)
        answer = self._beside_others(pieces, end=end)
        surplus, _ = self.look(self.new_credential())
        self._check(answer, operation, right, before)
        assert stored or surplus == 0

    def try_content(self, operation: Operation, content: bytes, right: Outcomes, *, key: str = "") -> None:
        """Send a body that is costly, beside a good client; `key` names a dashboard to send it from."""
        credential = f"{self.served.key}/{key}" if key else self.new_credential()
        raw = carrying(operation, credential, content).raw()
        before = spent(self.served)
        answer = self._beside_others([raw[: len(raw) // 2], raw[len(raw) // 2 :]])
        self._check(answer, operation, right, before)

    def look(self, credential: str) -> tuple[int, list[str]]:
        """Return how many records there are since the last look, and a dashboard's users; then make a valid push.

        All on a new connection: this is the next client, who must be served as if nothing had been.
        """
        with Connection(self.address) as connection:
            connection.send(bare(EVERYONE, credential).raw(), HEALTH.raw(), valid(PUSH, credential).raw())
            everyone, health, pushed = (json.loads(connection.answer().body) for _ in range(3))
        assert pushed["code"] == 201
        surplus, self._records = health["records"] - self._records, health["records"] + 1
        return surplus, everyone["data"]["ids"]

    def note_push(self) -> None:
        """Take into account that somebody has pushed a record."""
        self._records += 1

    def push(self) -> None:
        """Make a request as a good client does, on a connection of its own, and wait for its answer."""
        assert exchange(self.address, valid(PUSH, self._good).raw()).status == 201
        self.note_push()

    def _beside_others(self, pieces: Iterable[bytes], *, end: bool = False) -> Answer:
        """Send a request in pieces and return its answer; before that, a good client gets an answer again and again.

        A sandbox that works for the hostile client alone until its request is whole leaves the good one waiting for
        ever: neither goes on without the other.
        """
        with Connection(self.address) as connection:
            for number, piece in enumerate(pieces):
                connection.send(piece)
                if number % PIECES == 0:
                    self.push()
                if connection.closed:
                    break
            if end:
                connection.end()
            self.push()
            return connection.answer()

    def _check(self, answer: Answer, operation: Operation, right: Outcomes, before: Spent) -> Outcome:
        outcome = judged(answer, operation)
        assert outcome in right, f"{outcome}, not as expected: {answer.status} {answer.body[:500]!r}"
        check_spent(self.served, before)
        return outcome

    def _with_a_user(self, credential: str) -> list[str]:
        """Give a dashboard a user that a hostile deletion might take."""
        assert exchange(self.address, valid(PUSH, credential).raw()).status == 201
        self._records += 1
        return [USER]


def address_of(served: Served) -> Address:
    """Return where a sandbox listens."""
    url = urlsplit(served.url)
    assert url.hostname
    assert url.port
    return url.hostname, url.port


def judged(answer: Answer, operation: Operation) -> Outcome:
    """Return what an answer means, once it has exactly the documented shape; any other is a failure."""
    if "sandbox-request-id" not in answer.headers:
        assert answer.status in _OUTSIDE, answer
        return _OUTSIDE[answer.status]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    body = json.loads(answer.body)
    assert body["code"] == answer.status
    if answer.status == 403:
        assert body.keys() == {"code", "message"}
        return Outcome.FOREIGN
    if answer.status in _ERRORS:
        _check_error(answer.status, body)
        return _ERRORS[answer.status]
    assert operation.response is not None
    assert answer.status == operation.response.status, answer
    assert body.keys() == {"code", "message", "data"}
    return Outcome.TAKEN


@contextmanager
def unharmed(served: Served) -> Iterator[Judge]:
    """Check at the end that a sandbox lives, has not grown by MEMORY at its peak, and has met no bug of its own."""
    judge = Judge(served)
    judge.look(judge.new_credential())
    before = peak_memory(served)
    yield judge
    assert served.process.poll() is None, "the sandbox has ended"
    judge.look(judge.new_credential())
    grown = peak_memory(served) - before
    assert grown < MEMORY, f"grown by {grown / 2**20:.0f} MiB"
    for word in ("Traceback", "this is a bug", "Error"):
        assert word not in served.log


def spent(served: Served) -> Spent:
    """Return what a sandbox has needed so far."""
    return Spent(peak_memory(served), cpu_seconds(served))


def check_spent(served: Served, before: Spent) -> None:
    """Check that a sandbox has needed neither too much memory nor too much CPU since `before`.

    While it computes, nobody else is served. How much is too much depends on how fast the machine is at this moment.
    """
    after = spent(served)
    assert after.memory - before.memory < MEMORY
    used = after.cpu - before.cpu
    assert used < FREE or used < MOST * (known := reference()), f"{used:.1f} CPU seconds, {used / known:.0f} references"


def reference() -> float:
    """Return the CPU seconds that this thread needs at this moment for work of a known size."""
    started = thread_time()
    for _ in range(10):
        json.loads(_TEXT)
    return thread_time() - started


def cpu_seconds(served: Served) -> float:
    """Return the CPU seconds that a sandbox has used; 0 where the system does not tell."""
    stat = Path(f"/proc/{served.process.pid}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(") ")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def peak_memory(served: Served) -> int:
    """Return the most memory that a sandbox has had, in bytes; 0 where the system does not tell."""
    status = Path(f"/proc/{served.process.pid}/status")
    if not status.exists():
        return 0
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024


def _check_error(status: int, body: dict[str, Any]) -> None:
    """Check the documented error body: its sentence, and for 400 a map of bare names to sentences about them."""
    messages = {error.status: error.message for error in CONTRACT.errors}
    assert body["message"] == messages[status]
    if status != 400:
        assert body.keys() == {"code", "message"}
        return
    assert body.keys() == {"code", "message", "errors"}
    assert body["errors"]
    for name, sentence in body["errors"].items():
        assert sentence.startswith(name)
