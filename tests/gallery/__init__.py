"""Contact sheets of every figure, at four sizes and to three eyes: `python -m tests.gallery`."""
