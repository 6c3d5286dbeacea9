"""What maps and plots are drawn with; `maps` and `plot` are the doors, `_style` is the look."""
