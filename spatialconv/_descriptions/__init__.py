"""What may stand in a case.toml and in the description of a paper: typed models, plain messages, JSON schemas.

A description is read in three steps: `toml` takes a file within stated bounds, a model of `case` or `paper` says which
keys there are and what each may hold, and the room that asked (study, auditing) makes its own data of it and checks
what hangs together. The models are pydantic's, which is imported only when a description is read or its schema asked
for; what it finds wrong is told by `messages` in the words of the file.
"""
