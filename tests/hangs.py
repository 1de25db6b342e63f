"""The one upper limit on time in tests: a safety net that ends what hangs. No verdict depends on it.

Whether something is quick enough is measured in `benchmarks/`.
"""

HANGS = 600.0
"""Seconds after which something will never end, however busy the machine is."""
