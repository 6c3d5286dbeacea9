"""A registry of sizes: every p, q and interval of the package, simulated where its answer is known.

`python -m tests.simulation.sizes` (or `make sizes`) draws samples under normal, lognormal and t(5) errors, of 11, 30
and 100 regions (and 4, 10, 40 periods where they matter), and counts how often nominal 5 % tests reject a true null
and nominal 95 % intervals hold the truth. The figures go to `spatialconv/data/sizes.csv`, from which results quote
what misses, and to SIZES.md beside the other tables.
"""
