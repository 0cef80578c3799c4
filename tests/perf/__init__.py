"""Benchmarks: ratios against the limit, measured side by side in one run; `python -m tests.perf` prints the table."""
