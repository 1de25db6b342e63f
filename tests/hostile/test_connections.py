"""Many connections at once: half-sent requests, more than the limit, and the way out of it all."""

import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.hostile.checks import HEALTH, PUSH, UNHURRIED, Judge, unharmed
from tests.hostile.messages import valid
from tests.hostile.wire import CLOSED, Connection, exchange
from tests.patience import eventually
from tests.wire.served import ended, serving

HALF_SENT = 400
GOOD = 100
# How often longer nine of ten pushes may take beside half-sent requests; other programs disturb single rounds.
LONGER = 10.0
ROUNDS = 5
LIMIT = 1000
# Half-sent requests have all the time they want, but for the grace of a sandbox that ends.
GRACE = 1
OPTIONS = (*UNHURRIED, "--grace", str(GRACE))


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
    with serving(tmp_path, *OPTIONS) as served, unharmed(served) as judge:
        yield judge


@pytest.fixture
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """Yield a second sandbox without load."""
    with serving(tmp_path_factory.mktemp("quiet"), *OPTIONS) as served:
        yield Judge(served)


def test_400_half_sent_requests_keep_no_good_client_waiting(judge: Judge, quiet: Judge) -> None:
    credential = judge.new_credential()
    with ExitStack() as stack:
        waiting = half_sent(judge, stack, credential)
        assert any(longer_beside(judge, quiet) < LONGER for _ in range(ROUNDS))
        # All the while these were there.
        assert all(connection.silent() for connection in waiting)
    assert judge.look(credential)[1] == []


def test_400_half_sent_requests_do_not_keep_sigterm_from_ending(tmp_path: Path) -> None:
    with serving(tmp_path, *OPTIONS) as served, ExitStack() as stack:
        judge = Judge(served)
        waiting = half_sent(judge, stack, judge.new_credential())
        assert exchange(judge.address, HEALTH.raw()).status == 200
        served.process.terminate()
        assert ended(served.process) == 0
        assert {connection.answer().status for connection in waiting} <= {CLOSED, 503}
    assert "Traceback" not in served.log


def test_after_the_grace_no_request_is_waited_for(tmp_path: Path) -> None:
    def is_left_out(number: int) -> bool:
        (folder := tmp_path / str(number)).mkdir()
        with serving(folder, *OPTIONS) as served:
            judge = Judge(served)
            raw = valid(PUSH, judge.new_credential()).raw()
            with Connection(judge.address) as connection:
                connection.send(raw[:-9])
                served.process.terminate()
                time.sleep(6 * GRACE)
                return connection.send(raw[-9:]).answer().status in (CLOSED, 503)

    # Once more where the machine stuttered: the sandbox had to notice in six times its grace.
    assert any(is_left_out(number) for number in range(ROUNDS))


def test_connections_beyond_the_limit_are_refused_until_others_end(judge: Judge) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(judge.address)) for _ in range(LIMIT + 200)]
        answers = [connection.send(HEALTH.raw()).answer().status for connection in connections[-100:]]
        assert set(answers) <= {503, CLOSED}
    eventually(lambda: serves(judge))


def test_many_simultaneous_clients_are_answered(judge: Judge) -> None:
    raw = valid(PUSH, judge.new_credential()).raw()
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(judge.address)).send(raw) for _ in range(LIMIT - 100)]
        assert {connection.answer().status for connection in connections} == {201}


def test_running_out_of_descriptors_is_survived(tmp_path: Path) -> None:
    with serving(tmp_path, *UNHURRIED) as served, ExitStack() as stack:
        judge = Judge(served)
        resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (100, 100))
        for _ in range(300):
            stack.enter_context(Connection(judge.address)).send(b"POST / HTTP/1.1\r\n")
        stack.close()
        eventually(lambda: serves(judge))


def half_sent(judge: Judge, stack: ExitStack, credential: str) -> list[Connection]:
    """Open connections that stop in the head or in the body."""
    message = valid(PUSH, credential)
    halves = message.head()[:40], message.raw()[:-5]
    return [stack.enter_context(Connection(judge.address)).send(halves[number % 2]) for number in range(HALF_SENT)]


def longer_beside(judge: Judge, quiet: Judge) -> float:
    """Return how often longer nine of ten pushes take at most, compared with a quiet sandbox at the same moment."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(GOOD):
        for each, seconds in zip((judge, quiet), times, strict=True):
            started = time.perf_counter()
            each.push()
            seconds.append(time.perf_counter() - started)
    burdened, free = (sorted(seconds)[GOOD * 9 // 10 - 1] for seconds in times)
    return burdened / free


def serves(judge: Judge) -> bool:
    """Tell whether a push is answered as ever."""
    return exchange(judge.address, valid(PUSH, judge.new_credential()).raw()).status == 201
