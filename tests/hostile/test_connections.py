"""Many connections at once: half-sent requests, more than the limit, and the way out of it all."""

import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.hostile.checks import HEALTH, PUSH, Judge, unharmed
from tests.hostile.messages import valid
from tests.hostile.wire import CLOSED, Connection, exchange
from tests.wire.served import serving

HALF_SENT = 400
GOOD = 200
P99 = 0.250
GRACE = 1.0
# What a process needs beyond the grace to end on a busy machine.
ENDING = 4.0
LIMIT = 1000


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """Allow this process, and those it starts, as many connections as the tests open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 3 * LIMIT
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"needs {needed} open files, {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    with serving(tmp_path, "--grace", str(GRACE)) as served, unharmed(served) as judge:
        yield judge


def test_400_half_sent_requests_keep_no_good_client_waiting(judge: Judge) -> None:
    credential = judge.new_credential()
    with ExitStack() as stack:
        half_sent(judge, stack, credential)
        # Once more where the machine stuttered: the bar is for the sandbox.
        p99 = min(p99_of_good_client(judge) for _ in range(2))
    assert p99 < P99
    assert judge.look(credential)[1] == []


def test_400_half_sent_requests_do_not_keep_sigterm_from_ending(tmp_path: Path) -> None:
    with serving(tmp_path, "--grace", str(GRACE)) as served, ExitStack() as stack:
        judge = Judge(served)
        waiting = half_sent(judge, stack, judge.new_credential())
        assert exchange(judge.address, HEALTH.raw()).status == 200
        served.process.terminate()
        assert served.process.wait(GRACE + ENDING) == 0
        assert {connection.answer().status for connection in waiting} <= {CLOSED, 503}
    assert "Traceback" not in served.log


def test_connections_beyond_the_limit_are_refused_until_others_end(judge: Judge) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(judge.address)) for _ in range(LIMIT + 200)]
        answers = [connection.send(HEALTH.raw()).answer().status for connection in connections[-100:]]
        assert set(answers) <= {503, CLOSED}
    assert served_again(judge)


def test_a_crowd_that_comes_at_once_is_answered(judge: Judge) -> None:
    raw = valid(PUSH, judge.new_credential()).raw()
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(judge.address)).send(raw) for _ in range(LIMIT - 100)]
        assert {connection.answer().status for connection in connections} == {201}


def test_running_out_of_descriptors_is_survived(tmp_path: Path) -> None:
    with serving(tmp_path) as served, ExitStack() as stack:
        judge = Judge(served)
        resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (100, 100))
        for _ in range(300):
            stack.enter_context(Connection(judge.address)).send(b"POST / HTTP/1.1\r\n")
        stack.close()
        assert served_again(judge)


def half_sent(judge: Judge, stack: ExitStack, credential: str) -> list[Connection]:
    """Open connections that stop in the head or in the body."""
    message = valid(PUSH, credential)
    halves = message.head()[:40], message.raw()[:-5]
    return [stack.enter_context(Connection(judge.address)).send(halves[number % 2]) for number in range(HALF_SENT)]


def p99_of_good_client(judge: Judge) -> float:
    """Return the time below which 99 of 100 pushes are answered, connecting included."""
    raw, times = valid(PUSH, judge.new_credential()).raw(), []
    for _ in range(GOOD):
        started = time.perf_counter()
        assert exchange(judge.address, raw).status == 201
        times.append(time.perf_counter() - started)
    return sorted(times)[GOOD * 99 // 100 - 1]


def served_again(judge: Judge) -> bool:
    """Wait for the sandbox to notice that connections have ended; a few seconds must do."""
    for _ in range(50):
        if exchange(judge.address, valid(PUSH, judge.new_credential()).raw()).status == 201:
            return True
        time.sleep(0.1)
    return False
