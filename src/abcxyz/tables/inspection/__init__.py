"""Inspection of a file of sales, without classifying."""
