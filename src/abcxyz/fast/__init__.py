"""Aggregation of raw columns in memory to a panel, in one pass over the rows.

Two routes give one result: numpy alone, and compiled loops where numba is installed (the extra
``fast``). Both add the rows of a customer in input order, so they agree to the last bit.
"""

from abcxyz.fast.grid import COMPILE_PAYS, FAST_PAYS, customer_grid, fast_aggregate

__all__ = ["COMPILE_PAYS", "FAST_PAYS", "customer_grid", "fast_aggregate"]
