"""Spread across regions: measures, decompositions, weights of indicators, concentration of industries."""
