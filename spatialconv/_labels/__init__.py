"""Labels of regions: rules that bring them into one form, and what would match if a rule were applied."""
