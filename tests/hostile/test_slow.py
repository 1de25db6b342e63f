"""Senders that take their time: a deadline for the whole request cuts them off, and nobody else."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.hostile.checks import EVERYONE, HEALTH, PUSH, Judge
from tests.hostile.messages import OPERATIONS, Message, bare, valid
from tests.hostile.wire import CLOSED, Connection, exchange
from tests.patience import PATIENCE

OPTIONS = ("--receive-timeout", "1.5", "--grace", "1")
DEADLINE = 1.5
# The sandbox's clock is that of the last time it looked, so it may start a little before ours.
EARLY = DEADLINE / 2
PAUSE = 0.1
# So much that a sender who sends it byte by byte is not done in any time.
ENDLESS = 30_000
# A machine that stalls makes good clients late, who are cut off then; not time after time.
TRIES = 10

CHUNKED = b"Transfer-Encoding: chunked"

Raw = Callable[[Message], bytes]


def _length(message: Message) -> bytes:
    return b"Content-Length: %d" % len(message.body)


def _endless_length(_: Message) -> bytes:
    return b"Content-Length: %d" % ENDLESS


# What is sent at once, and what follows byte by byte, without an end.
SLOW: dict[str, tuple[Raw, Raw]] = {
    "nothing": (lambda _: b"", lambda _: b""),
    "a letter": (lambda _: b"P", lambda _: b""),
    "line ends": (lambda _: b"", lambda _: b"\r\n" * ENDLESS),
    "a head byte by byte": (lambda _: b"", lambda message: message.head(b"a: " + b"b" * ENDLESS)),
    "half a head": (lambda message: message.head()[:60], lambda _: b""),
    "a head of many headers": (lambda message: message.head()[:-2], lambda _: b"a: b\r\n" * ENDLESS),
    "no body": (lambda message: message.head(_length(message)), lambda _: b""),
    "half a body": (lambda message: message.raw()[:-9], lambda _: b""),
    "a body byte by byte": (lambda message: message.head(_endless_length(message)), lambda _: b" " * ENDLESS),
    "chunks byte by byte": (
        lambda message: message.head(CHUNKED),
        lambda _: b"1\r\n \r\n" * ENDLESS,
    ),
    "a chunk extension": (
        lambda message: message.head(CHUNKED) + b"5;",
        lambda _: b"a" * ENDLESS,
    ),
    "trailers": (
        lambda message: message.head(CHUNKED) + b"0\r\n",
        lambda _: b"a: b\r\n" * ENDLESS,
    ),
    "a second request": (
        lambda message: message.raw() + message.head(_endless_length(message)),
        lambda _: b" " * ENDLESS,
    ),
    "a body that nobody reads": (
        lambda message: message.lacking(b"Authorization").head(_endless_length(message)),
        lambda _: b" " * ENDLESS,
    ),
}


@dataclass(frozen=True, slots=True)
class Cut:
    """After how many seconds a slow sender was cut off, and what it had stored by then."""

    seconds: float
    users: list[str]


@pytest.fixture(scope="module")
def cuts(judge: Judge) -> dict[str, Cut]:
    """Let all slow senders send at the same time, each until it is cut off."""
    with ThreadPoolExecutor(len(SLOW)) as threads:
        dashboards = {name: judge.new_credential() for name in SLOW}
        lasted = dict(
            zip(SLOW, threads.map(lambda name: send_slowly(judge, name, dashboards[name]), SLOW), strict=True)
        )
    return {name: Cut(lasted[name], users(judge, dashboards[name])) for name in SLOW}


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_sender_is_cut_off_and_nothing_is_stored(name: str, cuts: dict[str, Cut]) -> None:
    assert cuts[name].seconds > DEADLINE - EARLY
    assert cuts[name].users == (["1001"] if name == "a second request" else [])


def test_the_deadline_is_over_before_a_reply_that_is_delayed_for_longer(judge: Judge) -> None:
    # Both wait for the same clock: that of the sandbox.
    def is_cut_before() -> bool:
        delayed = valid(PUSH, judge.new_credential()).having(b"Sandbox-Fault", b"delay=%d" % (4 * DEADLINE))
        with Connection(judge.address) as patient, Connection(judge.address) as slow:
            patient.send(delayed.raw())
            slow.send(valid(PUSH, judge.new_credential()).raw()[:-9]).wait_closed()
            return patient.silent()

    assert any(is_cut_before() for _ in range(TRIES))


def test_a_slow_client_within_the_deadline_is_answered(judge: Judge) -> None:
    def push_slowly() -> int:
        raw = valid(PUSH, judge.new_credential()).raw()
        with Connection(judge.address) as connection:
            for at in range(0, len(raw), 1 + len(raw) // 5):
                connection.send(raw[at : at + 1 + len(raw) // 5])
                time.sleep(PAUSE)
            return connection.answer().status

    assert 201 in (push_slowly() for _ in range(TRIES))


def test_a_client_that_pauses_between_requests_is_answered(judge: Judge) -> None:
    def push_after_a_pause() -> int:
        with Connection(judge.address) as connection:
            if connection.send(HEALTH.raw()).answer().status == CLOSED:
                return CLOSED
            time.sleep(DEADLINE + 1)
            return connection.send(valid(PUSH, judge.new_credential()).raw()).answer().status

    assert 201 in (push_after_a_pause() for _ in range(TRIES))


def test_slow_senders_on_every_route_are_cut_off_together(judge: Judge) -> None:
    credential = judge.new_credential()
    connections = [
        Connection(judge.address).send(part)
        for message in (bare(operation, credential) for operation in OPERATIONS.values())
        for part in (message.head()[:-2], message.head(b"Content-Length: 9", b"Content-Type: application/json") + b"{")
    ]
    for connection in connections:
        with connection:
            connection.wait_closed()
            assert connection.answer().status in (CLOSED, 400)
    assert users(judge, credential) == []


def send_slowly(judge: Judge, name: str, credential: str) -> float:
    """Send a case of SLOW; return after how many seconds it was cut off."""
    first, rest = SLOW[name]
    message = valid(PUSH, credential)
    started = time.monotonic()
    with Connection(judge.address) as connection:
        drip(connection.send(first(message)), rest(message))
    return time.monotonic() - started


def drip(connection: Connection, content: bytes) -> None:
    """Send byte by byte, then wait, until the other side has enough."""
    end = time.monotonic() + PATIENCE
    for byte in content:
        if connection.closed:
            break
        assert time.monotonic() < end, "the sandbox waits for as long as another byte comes"
        connection.send(bytes([byte]))
        time.sleep(PAUSE)
    connection.wait_closed()


def users(judge: Judge, credential: str) -> list[str]:
    """Return a dashboard's users."""
    for _ in range(TRIES):
        answer = exchange(judge.address, bare(EVERYONE, credential).raw())
        if answer.status == 200:
            found: list[str] = json.loads(answer.body)["data"]["ids"]
            return found
    raise AssertionError(f"{answer.status}, time after time")
