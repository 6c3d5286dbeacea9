"""Files of other people, read defensively: regular files under a stated size, known formats by their first bytes."""
