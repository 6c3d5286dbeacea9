"""Notions of convergence: a spread that falls, growth from behind, clubs; and beta where periods are few."""
