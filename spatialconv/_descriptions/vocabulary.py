"""Words of the description of a paper: kinds of tables, what stands in brackets, columns, statistics."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "regression", "autocorrelation", "descriptives", "tests", "index", "vif", "clubs", "dispersion", "quotients", "grid"
]
Bracket = Literal["z", "t", "se", "p"]
Sided = Literal["auto", "two", "one"]
Distribution = Literal["auto", "normal"]
Average = Literal["auto", "arithmetic", "compound"]
Content = Literal["figures", "growth", "levels", "counts", "shares"]
Unit = Literal["percent", "share", "log"]
SumsTo = Literal["rows", "columns", "all"]
Likelihood = Literal["direct", "lee-yu region", "lee-yu time", "lee-yu two-way"]
Origin = Literal["values", "log growth"]
How = Literal["all", "most", "ends"]
Sign = Literal["positive", "negative"]
Along = Literal["columns", "rows"]

# Columns that a list of a kind may have; every rule reads those that are there.
AutocorrelationColumn = Literal["I", "C", "expected", "variance", "sd", "z", "p"]
DescriptivesColumn = Literal["n", "mean", "std", "variance", "cv", "min", "p25", "median", "p75", "max", "sum"]
TestsColumn = Literal["statistic", "df", "df2", "p", "distribution"]
IndexColumn = Literal["entropy", "utility", "weight", "group_weight"]
VifColumn = Literal["vif", "tolerance"]
ClubsColumn = Literal["n", "b", "std_error", "t", "p", "speed"]
DispersionColumn = Literal["std", "variance", "cv", "F", "p"]
QuotientsColumn = Literal["count", "total", "lq"]
