"""Measurements that take long: `python -m benchmarks.reproduce` makes the table of docs/results.md."""
