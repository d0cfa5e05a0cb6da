"""Alarms about unusual weeks and lasting shifts of a CRM's weekly series."""
