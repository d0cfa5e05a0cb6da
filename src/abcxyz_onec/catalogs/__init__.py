"""Catalogs: customers, properties, currency rates, publication of objects."""
