"""Numerics: numpy and scipy only, arrays in and small frozen dataclasses out."""
