"""Changes between snapshots: transitions, hysteresis, backfill, forecast."""
