"""Unit roots in many series at once: Dickey-Fuller regressions, panel statistics, breaks, resampling under the null."""
