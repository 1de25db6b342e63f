"""Checks a folder in a separate process for P9: `python -m benchmarks.checked FOLDER` prints JSON.

In a separate process, the peak memory is that of the check alone. The child that reads Parquet is included.
"""

import json
import sys
import time

from benchmarks.bodies import contract
from benchmarks.processes import children, peak_bytes
from traits_sandbox.bulk.checking.engine import InlineEngine
from traits_sandbox.bulk.checking.scan import check
from traits_sandbox.bulk.storage.sources import Access


def main(folder: str) -> dict[str, float]:
    """Return the number of rows, the seconds of the check, and the peak resident memory in bytes."""
    begin = time.monotonic()
    report = check((folder,), contract(), InlineEngine(), access=Access(), keep=5, on_progress=lambda _: None)
    assert report.good, report
    peak = peak_bytes("self") + sum(map(peak_bytes, children()))
    return {"rows": report.folders[0].rows, "seconds": time.monotonic() - begin, "peak": peak}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
