"""What any honest table satisfies: the registry, and one module for each kind of figure."""
