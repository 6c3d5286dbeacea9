"""Models whose regions or weights differ from period to period: weights by period, and unbalanced panels."""
