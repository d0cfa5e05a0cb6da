"""Optional accessor ``df.abcxyz`` of pandas and polars frames."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from abcxyz.core.sales.panel import Panel
from abcxyz.core.sales.transactions import Transactions
from abcxyz.frames.convert import panel_from_frame, transactions_from_frame
from abcxyz.frames.segmentation import segment

__all__ = ["Accessor", "register_accessors"]


class Accessor:
    """Methods of ``df.abcxyz``.

    Parameters
    ----------
    frame
        A pandas or polars frame.
    """

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def segment(self, **options: Any) -> Any:
        """Segment the customers; see `abcxyz.frames.segment`."""
        return segment(self._frame, **options)

    def panel(self, **options: Any) -> Panel:
        """Aggregate to a panel; see `abcxyz.frames.convert.panel_from_frame`."""
        return panel_from_frame(self._frame, **options)

    def transactions(self, **options: Any) -> Transactions:
        """Extract the transactions; see `abcxyz.frames.convert.transactions_from_frame`."""
        return transactions_from_frame(self._frame, **options)


def register_accessors() -> None:
    """Register the accessor ``abcxyz`` with pandas and polars; importing alone does not.

    Notes
    -----
    A second call has no effect. Polars is skipped if it is not installed.

    Examples
    --------
    >>> register_accessors()
    >>> import pandas as pd
    >>> sales = pd.DataFrame({"who": ["a", "a", "b"], "sum": [50, 50, 10],
    ...     "on": pd.to_datetime(["2026-01-05", "2026-02-05", "2026-02-09"])})
    >>> from datetime import date
    >>> columns = {"customer": "who", "date": "on", "amount": "sum"}
    >>> sales.abcxyz.segment(**columns, as_of=date(2026, 3, 1), period="2M")["abc"].tolist()
    ['A', 'B']
    """
    import pandas as pd

    if not hasattr(pd.DataFrame, "abcxyz"):
        pd.api.extensions.register_dataframe_accessor("abcxyz")(Accessor)
    if find_spec("polars") is not None:
        import polars as pl

        for frame, register in (
            (pl.DataFrame, pl.api.register_dataframe_namespace),
            (pl.LazyFrame, pl.api.register_lazyframe_namespace),
        ):
            if not hasattr(frame, "abcxyz"):
                register("abcxyz")(Accessor)
