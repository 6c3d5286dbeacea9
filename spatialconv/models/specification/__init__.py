"""What a model is: its specification, formula and design, and which model nests which."""
