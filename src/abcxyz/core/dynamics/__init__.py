"""Changes between snapshots: transitions, hysteresis, backfill and forecast."""
