"""What a fit implies: direct, indirect and total effects, and predictions."""
