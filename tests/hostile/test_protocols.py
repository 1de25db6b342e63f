"""Bytes that are not HTTP/1.1, and what a server must still do right for everybody else."""

import json
import socket
import struct
from dataclasses import replace
from random import Random

import pytest

from tests.hostile.cases import UNPARSED, Outcome
from tests.hostile.checks import HEALTH, PUSH, Judge, judged
from tests.hostile.messages import OPERATIONS, Message, bare, valid
from tests.hostile.wire import CLOSED, Connection, exchange
from tests.patience import PATIENCE
from traits_sandbox.contract.model import Operation

_MADE = Random(12)
_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + _MADE.randbytes(500)

STRANGERS = {
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "TLS ClientHello": _HELLO,
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "SMTP": b"EHLO evil.example\r\nMAIL FROM:<a@b>\r\n",
    "FTP": b"USER anonymous\r\n",
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "PROXY": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\n\r\n",
    "PROXY 2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12),
    "answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "WebSocket frame": b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
    "random": _MADE.randbytes(10_000),
    "zeros": bytes(10_000),
    "ones": b"\xff" * 10_000,
    "letters": b"A" * 2**20,
    "letter": b"A",
    "line ends": b"\r\n" * 10_000,
    "nothing": b"",
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_client_of_another_protocol_gets_an_error_or_is_cut_off(name: str, judge: Judge) -> None:
    answer = exchange(judge.address, STRANGERS[name], end=True)
    assert judged(answer, PUSH) in UNPARSED
    assert judge.look(judge.new_credential()) == (0, [])


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_head_is_answered_without_a_body(operation: Operation, judge: Judge) -> None:
    message = replace(bare(operation, judge.served.key), method=b"HEAD")
    with Connection(judge.address) as connection:
        answer = connection.send(message.raw()).answer(head=True)
        assert answer.status == 404
        assert connection.send(HEALTH.raw()).answer().status == 200
    judge.look(judge.new_credential())


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_a_client_that_expects_a_100_gets_it(operation: Operation, judge: Judge) -> None:
    message = valid(operation, judge.new_credential())
    with Connection(judge.address) as connection:
        connection.send(message.head(b"Expect: 100-continue", b"Content-Length: %d" % max(1, len(message.body))))
        assert connection.interim() == 100
        assert judged(connection.send(message.body or b" ").answer(), operation) is Outcome.TAKEN


def test_a_client_that_expects_a_100_without_a_key_does_not_get_it(judge: Judge) -> None:
    message = valid(PUSH, "wrong")
    with Connection(judge.address) as connection:
        connection.send(message.head(b"Expect: 100-continue", b"Content-Length: %d" % len(message.body)))
        assert connection.interim() == 401


def test_requests_in_one_piece_are_answered_in_order(judge: Judge) -> None:
    credential, sizes = judge.new_credential(), [*range(1, 101), *range(100, 0, -1)]
    pushes = b"".join(push(credential, size).raw() for size in sizes)
    with Connection(judge.address) as connection:
        connection.send(pushes)
        messages = [json.loads(connection.answer().body)["message"] for _ in sizes]
    assert messages == [f"{size} level-ups have been successfully ingested" for size in sizes]


def test_requests_of_all_kinds_in_one_piece_are_answered_in_order(judge: Judge) -> None:
    credential = judge.new_credential()
    messages = [valid(operation, credential) for operation in OPERATIONS.values()] * 5
    with Connection(judge.address) as connection:
        connection.send(*(message.raw() for message in messages))
        for operation in list(OPERATIONS.values()) * 5:
            assert judged(connection.answer(), operation) is Outcome.TAKEN


@pytest.mark.parametrize("split", [1, 2, 3, 7])
def test_requests_in_tiny_pieces_are_answered(split: int, judge: Judge) -> None:
    raw = push(judge.new_credential(), 3).raw() * 3
    with Connection(judge.address) as connection:
        connection.stream(raw[at : at + split] for at in range(0, len(raw), split))
        assert [connection.answer().status for _ in range(3)] == [201] * 3


def test_a_request_after_an_ignored_upgrade_is_answered(judge: Judge) -> None:
    offer = b"Connection: Upgrade\r\nUpgrade: h2c"
    with Connection(judge.address) as connection:
        assert (
            connection.send(bare(OPERATIONS["get_assessment_status"], judge.served.key).raw(offer)).answer().status
            == 200
        )
        assert connection.send(push(judge.new_credential(), 1).raw()).answer().status == 201


def test_garbage_after_a_request_does_not_take_its_answer(judge: Judge) -> None:
    with Connection(judge.address) as connection:
        connection.send(push(judge.new_credential(), 2).raw() + b"\0garbage\r\n\r\n")
        assert connection.answer().status in (201, 400, CLOSED)


def test_a_request_within_a_body_is_never_one(judge: Judge) -> None:
    hidden, inner = judge.new_credential(), judge.new_credential()
    smuggled = push(inner, 1).raw()
    outer = replace(valid(PUSH, hidden), body=b"0\r\n\r\n" + smuggled)
    with Connection(judge.address) as connection:
        connection.send(outer.head(b"Content-Length: %d" % len(outer.body), b"Transfer-Encoding: chunked") + outer.body)
        assert connection.answer().status in (400, CLOSED)
    assert judge.look(inner)[1] == []
    assert judge.look(hidden)[1] == []


def test_clients_that_reset_their_connections_leave_nothing(judge: Judge) -> None:
    credential = judge.new_credential()
    judge.look(judge.new_credential())
    raw = push(credential, 1).raw()
    for length in range(0, len(raw) - 1, 3):
        reset(judge, raw[:length])
    assert judge.look(credential) == (0, [])


def test_a_client_that_never_reads_is_no_burden(judge: Judge) -> None:
    reads = bare(OPERATIONS["get_persona_traits"], judge.new_credential()).raw() * 200
    with socket.create_connection(judge.address, PATIENCE) as connection:
        connection.setblocking(False)
        for _ in range(1000):
            try:
                connection.send(reads)
            except BlockingIOError:
                break
        judge.look(judge.new_credential())
    judge.look(judge.new_credential())


def push(credential: str, size: int) -> Message:
    """Return a push of this many records."""
    body = {"level_ups": [{"user_id": f"user-{number}", "level": number} for number in range(size)]}
    return replace(valid(PUSH, credential), body=json.dumps(body).encode())


def reset(judge: Judge, raw: bytes) -> None:
    """Send some bytes and end the connection in the rudest way."""
    connection = socket.create_connection(judge.address, PATIENCE)
    connection.sendall(raw)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
