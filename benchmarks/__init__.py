"""The harness behind the README's figures: ratios, taken side by side in one run. `python -m benchmarks` runs it."""
