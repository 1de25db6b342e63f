"""Checks a folder in a process of its own, for P9: `python -m benchmarks.checked FOLDER` prints JSON.

Only there the peak of its memory is that of the check. The child that reads Parquet counts too.
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
    """Return the rows, how long they took in seconds, and the peak of the resident memory in bytes."""
    begin = time.monotonic()
    report = check((folder,), contract(), InlineEngine(), access=Access(), keep=5, on_progress=lambda _: None)
    assert report.good, report
    peak = peak_bytes("self") + sum(map(peak_bytes, children()))
    return {"rows": report.folders[0].rows, "seconds": time.monotonic() - begin, "peak": peak}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
