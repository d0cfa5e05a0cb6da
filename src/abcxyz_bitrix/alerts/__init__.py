"""Alerts: notifications, tasks and the ledger of those that were sent."""
