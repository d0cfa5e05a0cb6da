"""Snapshots: the classes of all customers on one date, and the confidence in them."""
