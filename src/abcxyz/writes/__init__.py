"""Writes of adapters: plan, report, and targets of cards and tasks."""
