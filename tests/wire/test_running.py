"""A sandbox within another program: started, used over a real socket, and stopped without a trace."""

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from pathlib import Path

import httpx
import pytest

from tests.bulk.loading import checked, purchase, put
from tests.patience import PATIENCE, eventually
from traits_sandbox.bulk.checking.engine import LocalEngine
from traits_sandbox.conformance import Options, WireLimits, run_conformance, run_conformance_in_loop
from traits_sandbox.errors import UsageError
from traits_sandbox.running import RunningSandbox, running, running_in_loop
from traits_sandbox.settings import Settings

PURCHASE = {"purchases": [{"user_id": "1", "item_id": "2", "count": 1, "price": 2.5}]}
ANY_PORT = Settings(port=0, log_format="none")
ONE_REQUIREMENT = Options(only=("LIM-003.level_ups.*",), limits=WireLimits(max_time=PATIENCE, timeout=PATIENCE))


def push(sandbox: RunningSandbox) -> int:
    headers = {"authorization": f"Bearer {sandbox.api_key}"}
    return httpx.post(f"{sandbox.url}/v1/purchases", json=PURCHASE, headers=headers, timeout=PATIENCE).status_code


def test_a_sandbox_runs_in_a_thread() -> None:
    with running(ANY_PORT) as sandbox:
        assert push(sandbox) == 201
        assert [entry.operation for entry in sandbox.sandbox.journal.entries()] == ["push_purchases"]
    with pytest.raises(httpx.ConnectError):
        push(sandbox)


def test_a_sandbox_runs_in_an_event_loop() -> None:
    async def use() -> tuple[int, RunningSandbox]:
        async with running_in_loop(ANY_PORT) as sandbox, httpx.AsyncClient(timeout=PATIENCE) as client:
            headers = {"authorization": f"Bearer {sandbox.api_key}"}
            answer = await client.post(f"{sandbox.url}/v1/purchases", json=PURCHASE, headers=headers)
            return answer.status_code, sandbox

    status, sandbox = asyncio.run(use())
    assert status == 201
    with pytest.raises(httpx.ConnectError):
        push(sandbox)


def test_several_run_at_once_and_share_nothing() -> None:
    with running(ANY_PORT) as one, running(ANY_PORT) as other:
        assert one.url != other.url
        assert push(one) == 201
        assert [len(list(each.sandbox.journal.entries())) for each in (one, other)] == [1, 0]


def test_the_loggers_of_the_program_stay_as_they_are() -> None:
    names = ("", "uvicorn", "uvicorn.error", "uvicorn.access", "python_multipart")
    loggers = [logging.getLogger(name) for name in names]
    before = [(each.level, each.propagate, list(each.handlers)) for each in loggers]
    with running(ANY_PORT) as sandbox:
        assert push(sandbox) == 201
    assert [(each.level, each.propagate, list(each.handlers)) for each in loggers] == before


@pytest.mark.parametrize("turns", [1, 2, 3, 5, 8])
def test_a_program_that_is_cancelled_while_a_sandbox_starts_leaves_no_task(turns: int) -> None:
    async def use() -> None:
        async with running_in_loop(ANY_PORT):
            await asyncio.sleep(PATIENCE)

    async def cancelled() -> set[str]:
        task = asyncio.create_task(use(), name="use")
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return {each.get_name() for each in asyncio.all_tasks() if each is not asyncio.current_task()}

    assert asyncio.run(cancelled()) == set()


def test_nothing_is_left_behind() -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    threads = set(threading.enumerate())
    for _ in range(3):
        with running(ANY_PORT) as sandbox:
            assert push(sandbox) == 201
    assert set(threading.enumerate()) <= threads
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def test_no_task_is_left_in_the_loop() -> None:
    async def tasks() -> int:
        async with running_in_loop(ANY_PORT):
            pass
        return len(asyncio.all_tasks())

    assert asyncio.run(tasks()) == 1


def test_an_error_within_the_block_stops_the_sandbox_and_is_raised() -> None:
    with pytest.raises(ZeroDivisionError), running(ANY_PORT) as sandbox:
        raise ZeroDivisionError
    with pytest.raises(httpx.ConnectError):
        push(sandbox)


def test_stopping_twice_is_fine() -> None:
    with running(ANY_PORT) as sandbox:
        sandbox.stop()
        sandbox.stop()


def test_a_port_in_use_is_one_sentence() -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1 port {port}"), running(Settings(port=port)):
            pass


@pytest.mark.parametrize("settings", [{"ready_file": Path("ready.json")}, {"bucket": "load"}])
def test_settings_that_only_serve_has_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="belong to `traits-sandbox serve`"), running(Settings(port=0, **settings)):  # type: ignore[arg-type]
        pass


def test_requests_in_flight_are_answered_before_the_end() -> None:
    answers: list[int] = []
    with running(Settings(port=0, log_format="none", grace=PATIENCE)) as sandbox:
        fault = {"delay": 0.5}
        httpx.post(f"{sandbox.url}/_sandbox/faults", json=fault, timeout=PATIENCE).raise_for_status()
        client = threading.Thread(target=lambda: answers.append(push(sandbox)))
        client.start()
        eventually(lambda: any(planned.hits for planned in sandbox.sandbox.faults.plan.planned()))
    client.join()
    assert answers == [201]


def test_a_sandbox_in_a_thread_also_runs_where_an_event_loop_runs() -> None:
    async def use() -> int:
        with running(ANY_PORT) as sandbox:
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                headers = {"authorization": f"Bearer {sandbox.api_key}"}
                return (await client.post(f"{sandbox.url}/v1/purchases", json=PURCHASE, headers=headers)).status_code

    assert asyncio.run(use()) == 201


def test_a_server_is_judged_where_an_event_loop_runs() -> None:
    async def judged() -> int:
        with running(ANY_PORT) as sandbox:
            return run_conformance(sandbox.url, sandbox.api_key, ONE_REQUIREMENT).exit_code

    assert asyncio.run(judged()) == 0


def test_a_server_in_the_running_loop_is_judged_in_it() -> None:
    async def judged() -> int:
        async with running_in_loop(ANY_PORT) as sandbox:
            return (await run_conformance_in_loop(sandbox.url, sandbox.api_key, ONE_REQUIREMENT)).exit_code

    assert asyncio.run(judged()) == 0


def test_an_error_of_a_run_in_a_running_loop_is_raised() -> None:
    async def judged() -> None:
        run_conformance("ftp://127.0.0.1", "a-key")

    with pytest.raises(UsageError):
        asyncio.run(judged())


def test_a_load_is_checked_where_an_event_loop_runs(tmp_path: Path) -> None:
    put(tmp_path, "purchases/d=1/x.ndjson", [purchase(1)])

    async def report() -> object:
        return checked(tmp_path, engine=LocalEngine(2)).as_json()

    assert asyncio.run(report()) == checked(tmp_path).as_json()
