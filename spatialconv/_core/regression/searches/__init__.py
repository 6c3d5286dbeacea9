"""Searches over splits of a regression: breaks in time, thresholds, and a spatial lag profiled out of both."""
