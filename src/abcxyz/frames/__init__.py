"""Any data frame in, the same kind out; the heavy work happens where the data are.

Frames in memory (pandas, polars, pyarrow, modin) go through the numpy core. Lazy ones (polars,
DuckDB, PySpark, Dask, Ibis) are added up by their own engine, and only the few numbers that
decide the cuts are fetched.
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
