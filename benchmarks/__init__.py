"""The benchmarks: ratios of two measurements of the same run. `python -m benchmarks` runs them."""
