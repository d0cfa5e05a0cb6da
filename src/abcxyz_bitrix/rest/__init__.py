"""REST client: calls, batches, lists, limits, credentials, errors."""
