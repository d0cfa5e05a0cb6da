"""Snapshots: the classes of all customers on one date, and how certain they are."""
