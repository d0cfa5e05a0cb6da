"""Pilot of a job: write to a few cards, check them, restore them."""
