"""What a study computes beside its main analysis, one part a name in the key `further` of case.toml.

A part takes the study and returns what it found: sentences, tables, figures. To add one: a function in the module of
its kind, its name in `parts.PARTS` and in `Further` of `_options`. The methods behind the parts are imported when a
study asks for some.
"""
