"""Probabilities learned from the past: lapses, rises, and what else has a date and an outcome."""
