"""Open deals: which are stuck or at risk, and the probability that each is won."""
