"""What the figures of a table say about significance: laws, cells, and the one reading that a whole table has."""
