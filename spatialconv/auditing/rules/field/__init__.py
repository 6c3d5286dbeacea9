"""Rules on the tables of the field: effects, rows that repeat, sibling columns."""
