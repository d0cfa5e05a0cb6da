"""Commands over the history of snapshots."""
