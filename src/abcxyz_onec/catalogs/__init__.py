"""Catalogs of a 1C base: customers, properties, currency rates, publication of objects."""
