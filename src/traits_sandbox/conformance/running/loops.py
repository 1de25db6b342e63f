"""Runs a coroutine to its end, whether or not an event loop is running in this thread."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


def run_anywhere(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a new event loop, and in another thread if a loop is running in this one.

    Ctrl-C cancels the coroutine, which may then clean up.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    return _run_in_thread(work)


def _run_in_thread(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = Future()

    async def run() -> T:
        task = asyncio.ensure_future(work())
        begun.set_result((asyncio.get_running_loop(), task))
        return await task

    result: Future[T] = Future()

    def fill() -> None:
        try:
            result.set_result(asyncio.run(run()))
        except BaseException as error:  # raised in the thread that waits
            result.set_exception(error)

    thread = threading.Thread(target=fill, name="traits-sandbox-conformance", daemon=True)
    thread.start()
    try:
        return result.result()
    except KeyboardInterrupt:
        loop, task = begun.result()
        loop.call_soon_threadsafe(task.cancel)
        raise
    finally:
        thread.join()
