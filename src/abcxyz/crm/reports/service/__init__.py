"""Service levels: rules, requests under them, and the report."""
