"""Segmentation of data frames of any library; the result is a frame of the same kind.

Frames in memory (pandas, polars, pyarrow, modin) are processed by the numpy core. Lazy ones
(polars, DuckDB, PySpark, Dask, Ibis) are aggregated by their engine, and only the few numbers
that determine the cuts are fetched.
"""

from abcxyz.frames.accessors import register_accessors
from abcxyz.frames.convert import panel_from_frame, transactions_from_frame
from abcxyz.frames.segmentation import release, segment, segmented

__all__ = [
    "panel_from_frame",
    "register_accessors",
    "release",
    "segment",
    "segmented",
    "transactions_from_frame",
]
