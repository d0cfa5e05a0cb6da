"""Open data sets of the Federal Tax Service (FNS): index of organisations, and look-ups."""
