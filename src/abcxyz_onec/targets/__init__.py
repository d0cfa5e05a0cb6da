"""Targets of classes: additional properties, partner segments, classification register."""
