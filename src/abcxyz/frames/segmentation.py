"""Segmentation of a data frame of sales, in memory or lazy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import narwhals.stable.v2 as nw

from abcxyz._arrays import DayLike
from abcxyz.core.classes.rules import CvRule, Rule, Tangent
from abcxyz.core.snapshots.settings import Settings
from abcxyz.errors import InputError
from abcxyz.frames.convert import as_narwhals
from abcxyz.frames.engines import no_release, quiet
from abcxyz.frames.in_memory import segment_eager
from abcxyz.frames.lazy import segment_lazy
from abcxyz.frames.query import RHYTHM, Query

__all__ = ["release", "segment", "segmented"]

FrameT = TypeVar("FrameT")
RESULT_COLUMNS = ("value", "share", "cv", "orders", "last_day", "abc", "xyz", "segment")
"""Columns of a result, after that of the customers."""

_releases: dict[int, tuple[Any, Callable[[], None]]] = {}


def segment(
    frame: FrameT,
    *,
    customer: str,
    date: str,
    amount: str,
    as_of: DayLike,
    period: str = "12M",
    bucket: str | None = None,
    abc: Rule = Tangent(),
    xyz: Rule | CvRule = Tangent(),
    metric: str = "revenue",
    cost: str | None = None,
    document: str | None = None,
    document_spans_days: bool = False,
    lookback: str | None = None,
    ddof: int = 0,
    since_first: bool = False,
    single_order: bool | None = None,
    decimals: int | None = 2,
    missing: str = "raise",
    rhythm: bool = False,
) -> FrameT:
    """Divide the customers of a frame of sales into the nine segments.

    Parameters
    ----------
    frame
        One row per sale: pandas, polars, pyarrow or modin in memory; polars ``LazyFrame``, DuckDB
        relation, PySpark, Dask or Ibis lazily; also wrapped by Narwhals.
    customer, date, amount
        Names of columns: integers or text; dates, or times, whose day is the local one of their
        time zone (of the session for DuckDB and Spark); numbers or decimals.
    as_of
        The day of the classification.
    period, bucket, metric, abc, xyz, ddof, since_first, single_order
        As in `Settings`. Limits of amounts are in the unit of the amounts.
    cost
        Name of the column of costs, for the metric ``profit``.
    document
        Name of the column of sales documents, for counting orders; None for one per row.
    document_spans_days, lookback
        As in `Settings`.
    decimals
        Decimals of the amounts. If they have no more, they are summed exactly, as integers of the
        minor unit; otherwise, or with None, customers within a relative 1e-9 of a cut belong to
        the better class.
    missing
        ``raise`` an error for rows without a customer, a date or an amount, or ``drop`` them.
    rhythm
        Whether to add the order rhythm over the lookback, in days: first_day, gaps (number of
        gaps between order days), mean_gap, gap_90 (quantile of 90 %, with five gaps at least)
        and longest_gap.

    Returns
    -------
    frame
        Of the same kind, one row per customer, in undefined order. Columns: that of the customers
        under its name in *frame*, value,
        share (of the sum of positive values), cv, orders, last_day, abc, xyz, segment; null where
        a customer has no sales in the window. A lazy result depends on a persisted table, to be
        freed with `release`; `segmented` does so at the end of a block.

    Raises
    ------
    InputError
        A column is absent, of the wrong type or has missing values; no sale lies in the lookback;
        the frame is lazy and the rule requires all values in memory (`CumulativeMean` or a custom
        rule).

    Warns
    -----
    CoverageWarning, MeaninglessClassesWarning, UnsteadyClassWarning
        As `analyze`: the sales do not cover the window, nearly all customers are in one class, or
        class X includes coefficients of variation above 100 %.

    Notes
    -----
    A lazy frame is read once, or twice if its amounts are not integers of the minor unit, and as
    often again for the rhythm, which is found by window functions within each customer. The
    rules then need two queries on the table of customers (`Shares` up to six), the warnings one,
    and fetch only numbers; around the crossing of a share up to 50,000 values.

    Examples
    --------
    >>> import pandas as pd
    >>> sales = pd.DataFrame({"who": ["a", "a", "b"], "sum": [50, 50, 10],
    ...     "on": pd.to_datetime(["2026-01-05", "2026-02-05", "2026-02-09"])})
    >>> result = segment(sales, customer="who", date="on", amount="sum", period="2M",
    ...                  as_of="2026-03-01")
    >>> result["segment"].tolist()
    ['AX', 'BZ']
    """
    query = Query(
        customer=customer,
        date=date,
        amount=amount,
        cost=cost,
        document=document,
        settings=Settings(
            period=period,
            bucket=bucket,
            metric=metric,
            lookback=lookback,
            document_spans_days=document_spans_days,
            abc=abc,
            xyz=xyz,
            ddof=ddof,
            since_first=since_first,
            single_order=single_order,
        ),
        as_of=as_of,
        decimals=decimals,
        missing=missing,
        rhythm=rhythm,
    )
    if customer in (*RESULT_COLUMNS, *(RHYTHM if rhythm else ())):
        raise InputError(
            "the column of customers is called {name!r}, like one of the result; rename it",
            name=customer,
        )
    with quiet():
        wrapped = as_narwhals(frame, query)
        if isinstance(wrapped, nw.DataFrame):
            answer = segment_eager(wrapped, query)
            return _same_kind(answer.rename({"customer": customer}), frame)
        table = segment_lazy(wrapped, query)
        result = _same_kind(table.frame.rename({"customer": customer}), frame)
    if table.release is not no_release:
        # A reference to the result prevents reuse of its id.
        _releases[id(result)] = result, table.release
    return result


def _same_kind(result: Any, like: FrameT) -> FrameT:
    """Return *result* as a native frame, or as one of Narwhals if *like* is one."""
    if type(like).__module__.partition(".")[0] == "narwhals":
        return result  # type: ignore[no-any-return]
    return nw.to_native(result)  # type: ignore[no-any-return]


def release(answer: object) -> None:
    """Free the persisted table of a lazy result of `segment`; no effect on other frames.

    Notes
    -----
    It drops DuckDB's temporary table and Spark's cached data. Read or write the result first:
    afterwards DuckDB cannot read it, and Spark computes it again.
    """
    _, release_table = _releases.pop(id(answer), (None, None))
    if release_table is not None:
        release_table()


@contextmanager
def segmented(frame: FrameT, **options: Any) -> Iterator[FrameT]:
    """Segment a frame, and release the persisted table at the end of the block.

    Parameters are those of `segment`.
    """
    answer = segment(frame, **options)
    try:
        yield answer
    finally:
        release(answer)
