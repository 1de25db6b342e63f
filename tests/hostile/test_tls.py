"""What arrives at a port that speaks TLS and is no handshake, or half of one."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.hostile.checks import UNHURRIED, Judge
from tests.hostile.messages import OPERATIONS
from tests.hostile.wire import CLOSED, Connection
from tests.wire.served import Served, ended, serving

GRACE = 1.0
# How often longer an end may take than that of a sandbox that nobody burdens, at the same moment.
LONGER = 20.0
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + Random(12).randbytes(100)
PUSH = OPERATIONS["push_level_ups"]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Served]:
    with serving_securely(tmp_path) as served:
        yield served


@contextmanager
def serving_securely(folder: Path) -> Iterator[Served]:
    pytest.importorskip("trustme")
    env = {"XDG_DATA_HOME": str(folder), "HOME": str(folder)}
    with serving(folder, "--tls", "--grace", str(GRACE), *UNHURRIED, env=env) as served:
        yield served
    assert "Traceback" not in served.log


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", bytes(1000), b"\x15\x03\x01\x00\x02\x02\x28", b"\xff" * 9])
def test_a_client_without_a_handshake_is_cut_off(sent: bytes, secure: Served) -> None:
    judge = Judge(secure)
    with Connection(judge.address) as connection:
        # Who sends plain HTTP can read an answer in plain HTTP.
        assert connection.send(sent).end().answer().status == (400 if sent.startswith(b"GET") else CLOSED)
    with secure.client() as client:
        assert client.get("/_sandbox/health").status_code == 200


def test_half_made_handshakes_keep_nobody_waiting(secure: Served, tmp_path_factory: pytest.TempPathFactory) -> None:
    judge = Judge(secure)
    with serving_securely(tmp_path_factory.mktemp("quiet")) as quiet, ExitStack() as stack:
        half_made = [stack.enter_context(Connection(judge.address)).send(HELLO[: n + 1]) for n in range(100)]
        with secure.client() as client:
            assert client.get("/_sandbox/health").status_code == 200
        assert half_made[-1].silent()  # who was answered had not to wait for the end of this one
        burdened, free = seconds_to_end(secure, quiet)
    assert burdened - GRACE < LONGER * free


def seconds_to_end(*sandboxes: Served) -> list[float]:
    """End sandboxes at the same moment; return how long each takes."""
    started = time.monotonic()
    for served in sandboxes:
        served.process.terminate()

    def seconds(served: Served) -> float:
        assert ended(served.process) == 0
        return time.monotonic() - started

    with ThreadPoolExecutor(len(sandboxes)) as threads:
        return list(threads.map(seconds, sandboxes))
