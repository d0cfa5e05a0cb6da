"""Loops over arrays, compiled if numba is installed (extra ``fast``), and threads for them.

Numpy and compiled loops add up in the order of current numpy, and give the same classes.
"""

from abcxyz.loops.compiled import compile_loops, route

__all__ = ["compile_loops", "route"]
