"""Loops over arrays, compiled if numba is installed (extra ``fast``), and threads for them.

Numpy and compiled loops add up in the same order, so their results are equal to the last bit.
"""

from abcxyz.loops.compiled import compile_loops, route

__all__ = ["compile_loops", "route"]
