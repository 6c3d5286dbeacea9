"""What statistical programs print around their tables, read by how they write it."""
