"""Hostile input, drawn at random: nothing but answers and errors of ours may come of it.

`python -m tests.fuzz toml --minutes 10` draws until the time is over and prints what came through; a number that is
printed beside a fault makes it again (`--seed`). A kind of input is a `Kind` in `KINDS`: how one is made of a random
generator, and what is done with it.
"""
