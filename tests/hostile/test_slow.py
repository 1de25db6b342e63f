"""Senders that take their time: a deadline for the whole request cuts them off, and nobody else."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.hostile.checks import HEALTH, PUSH, Judge
from tests.hostile.messages import OPERATIONS, Message, bare, valid
from tests.hostile.wire import CLOSED, Connection

OPTIONS = ("--receive-timeout", "1.5", "--grace", "1")
DEADLINE = 1.5
# The sandbox looks ten times a second; a busy machine may be late.
LATE = 3.0
PAUSE = 0.1

Raw = Callable[[Message], bytes]


def _length(message: Message) -> bytes:
    return b"Content-Length: %d" % len(message.body)


# What is sent at once, and what follows byte by byte.
SLOW: dict[str, tuple[Raw, Raw]] = {
    "nothing": (lambda _: b"", lambda _: b""),
    "a letter": (lambda _: b"P", lambda _: b""),
    "line ends": (lambda _: b"", lambda _: b"\r\n" * 100),
    "a head byte by byte": (lambda _: b"", lambda message: message.head(_length(message))),
    "half a head": (lambda message: message.head()[:60], lambda _: b""),
    "a head of many headers": (lambda message: message.head()[:-2], lambda _: b"a: b\r\n" * 100),
    "no body": (lambda message: message.head(_length(message)), lambda _: b""),
    "half a body": (lambda message: message.raw()[:-9], lambda _: b""),
    "a body byte by byte": (lambda message: message.head(_length(message)), lambda message: message.body),
    "chunks byte by byte": (
        lambda message: message.head(b"Transfer-Encoding: chunked"),
        lambda message: b"".join(b"1\r\n%c\r\n" % byte for byte in message.body),
    ),
    "a chunk extension": (lambda message: message.head(b"Transfer-Encoding: chunked") + b"5;", lambda _: b"a" * 100),
    "trailers": (lambda message: message.head(b"Transfer-Encoding: chunked") + b"0\r\n", lambda _: b"a: b\r\n" * 100),
    "a second request": (lambda message: message.raw() + message.head(_length(message)), lambda message: message.body),
    "a body that nobody reads": (
        lambda message: message.lacking(b"Authorization").head(b"Content-Length: 100000"),
        lambda message: message.body,
    ),
}


@dataclass(frozen=True, slots=True)
class Cut:
    """After how many seconds a slow sender was cut off, and what it had stored by then."""

    seconds: float
    users: list[str]


@pytest.fixture(scope="module")
def cuts(judge: Judge) -> dict[str, Cut]:
    """Let all slow senders send at the same time: each takes longer than the deadline."""
    with ThreadPoolExecutor(len(SLOW)) as threads:
        dashboards = {name: judge.new_credential() for name in SLOW}
        lasted = dict(
            zip(SLOW, threads.map(lambda name: send_slowly(judge, name, dashboards[name]), SLOW), strict=True)
        )
    return {name: Cut(lasted[name], judge.look(dashboards[name])[1]) for name in SLOW}


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_sender_is_cut_off_and_nothing_is_stored(name: str, cuts: dict[str, Cut]) -> None:
    assert DEADLINE - 0.5 < cuts[name].seconds < DEADLINE + LATE
    assert cuts[name].users == (["1001"] if name == "a second request" else [])


def test_who_is_slow_but_in_time_is_answered(judge: Judge) -> None:
    raw = valid(PUSH, judge.new_credential()).raw()
    with Connection(judge.address) as connection:
        for at in range(0, len(raw), 1 + len(raw) // 5):
            connection.send(raw[at : at + 1 + len(raw) // 5])
            time.sleep(PAUSE)
        assert connection.answer().status == 201
    judge.note_push()


def test_who_pauses_between_requests_is_answered(judge: Judge) -> None:
    with Connection(judge.address) as connection:
        assert connection.send(HEALTH.raw()).answer().status == 200
        time.sleep(DEADLINE + 1)
        assert connection.send(valid(PUSH, judge.new_credential()).raw()).answer().status == 201
    judge.note_push()


def test_slow_senders_on_every_route_are_cut_off_together(judge: Judge) -> None:
    connections = [
        Connection(judge.address).send(part)
        for message in (bare(operation, judge.new_credential()) for operation in OPERATIONS.values())
        for part in (message.head()[:-2], message.head(b"Content-Length: 9", b"Content-Type: application/json") + b"{")
    ]
    for connection in connections:
        with connection:
            connection.wait_closed(DEADLINE + LATE)
            assert connection.answer().status in (CLOSED, 400)
    assert judge.look(judge.new_credential()) == (0, [])


def send_slowly(judge: Judge, name: str, credential: str) -> float:
    """Send a case of SLOW; return after how many seconds it was cut off."""
    first, rest = SLOW[name]
    message = valid(PUSH, credential)
    with Connection(judge.address) as connection:
        return drip(connection.send(first(message)), rest(message))


def drip(connection: Connection, content: bytes) -> float:
    """Send byte by byte, then wait; return after how many seconds the other side had enough."""
    started = time.monotonic()
    for byte in content:
        if connection.closed or time.monotonic() - started > DEADLINE + LATE:
            break
        connection.send(bytes([byte]))
        time.sleep(PAUSE)
    connection.wait_closed(DEADLINE + LATE)
    return time.monotonic() - started
