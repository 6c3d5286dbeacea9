"""Data drawn anew and estimated again: innovations, recursion through time, refits as arrays, intervals."""
