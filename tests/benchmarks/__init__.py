"""Benchmarks beside the peers: `python -m tests.benchmarks` prints one table; no test asserts a time."""
