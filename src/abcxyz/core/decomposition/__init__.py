"""Exact decomposition of a change: rate and mix, factors of a product, parts of the sales."""
