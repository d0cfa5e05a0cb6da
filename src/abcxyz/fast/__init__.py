"""Fast aggregation of raw columns in memory to a panel, in one pass over the rows.

There are two implementations: numpy, and compiled loops if numba is installed (the extra
``fast``). Both add the rows of a customer in input order, so the results are bit-identical.
"""

from abcxyz.fast.grid import COMPILE_PAYS, FAST_PAYS, customer_grid

__all__ = ["COMPILE_PAYS", "FAST_PAYS", "customer_grid"]
