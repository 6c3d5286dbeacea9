"""Honest tables, tables with one thing spoilt, and a judge of what can be seen: `python -m tests.auditing`."""
