"""What arrives at a port that speaks TLS and is no handshake, or half of one."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from tests.hostile.checks import Judge
from tests.hostile.messages import OPERATIONS
from tests.hostile.wire import CLOSED, Connection
from tests.wire.served import Served, serving

GRACE = 1.0
ENDING = 4.0
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + Random(12).randbytes(100)
PUSH = OPERATIONS["push_level_ups"]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Served]:
    pytest.importorskip("trustme")
    env = {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    with serving(tmp_path, "--tls", "--grace", str(GRACE), "--receive-timeout", "1.5", env=env) as served:
        yield served
    assert "Traceback" not in served.log


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", bytes(1000), b"\x15\x03\x01\x00\x02\x02\x28", b"\xff" * 9])
def test_what_is_no_handshake_is_cut_off(sent: bytes, secure: Served) -> None:
    judge = Judge(secure)
    with Connection(judge.address) as connection:
        assert connection.send(sent).end().answer().status == CLOSED
    with secure.client() as client:
        assert client.get("/_sandbox/health").status_code == 200


def test_half_made_handshakes_keep_nobody_waiting(secure: Served) -> None:
    judge = Judge(secure)
    with ExitStack() as stack:
        for number in range(100):
            stack.enter_context(Connection(judge.address)).send(HELLO[: number + 1])
        with secure.client() as client:
            assert client.get("/_sandbox/health").elapsed.total_seconds() < 2.0
        secure.process.terminate()
        assert secure.process.wait(GRACE + ENDING) == 0
