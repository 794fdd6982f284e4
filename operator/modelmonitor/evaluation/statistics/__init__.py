"""Uncertainty of statistics that are summed over blocks of time."""
