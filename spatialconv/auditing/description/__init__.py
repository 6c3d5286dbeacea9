"""What a paper prints, as data: figures as printed, tables, claims, and their TOML."""
