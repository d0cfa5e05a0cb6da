"""Market baskets: products that are bought together, and what to offer next."""
