"""Sends one million records to a new sandbox for P6: `python -m benchmarks.million BATCHES` prints JSON.

In a separate process, only the store makes the memory grow.
"""

import asyncio
import gc
import json
import sys
import time

from benchmarks.bodies import body
from benchmarks.direct import SETTINGS, call, request_scope
from benchmarks.processes import resident_bytes
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.web.server import tune_garbage_collection

WARM_UP = 20
RECORDS = 1000


async def fill(batches: int) -> dict[str, float]:
    """Send batches; return the seconds of the slowest batch and the mean, and the bytes of the bodies and in memory."""
    app, scope = Sandbox(SETTINGS).app, request_scope(0)
    tune_garbage_collection()
    seconds, wire, before = [], 0, 0
    for number in range(WARM_UP + batches):
        if number == WARM_UP:
            gc.collect()
            before = resident_bytes("self")
        raw = body(RECORDS, batch=number)
        begin = time.perf_counter()
        status = await call(app, scope, raw)
        taken = time.perf_counter() - begin
        assert status == 201
        if number >= WARM_UP:
            seconds.append(taken)
            wire += len(raw)
        del raw
    gc.collect()
    grown = resident_bytes("self") - before
    return {"worst": max(seconds), "mean": sum(seconds) / len(seconds), "wire": wire, "grown": grown}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(fill(int(sys.argv[1])))))
