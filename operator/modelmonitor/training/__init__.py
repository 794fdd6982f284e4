"""The shipped trainer: refits the serving model's own pipeline on newer data."""
