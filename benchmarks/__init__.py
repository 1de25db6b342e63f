"""The benchmarks: ratios of two measurements that are taken in the same run. `python -m benchmarks` runs them."""
