"""Spatial panel models: the model is data, there is one fit and one fitted class."""
