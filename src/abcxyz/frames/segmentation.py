"""Segmentation of a frame of sales, in memory or where its data are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date as Date  # noqa: N812 - a parameter is called date
from typing import Any, TypeVar

import narwhals.stable.v2 as nw

from abcxyz.core.classes.rules import CvRule, Rule, Tangent
from abcxyz.core.snapshots.settings import Settings
from abcxyz.frames.convert import understood
from abcxyz.frames.engines import nothing, quiet
from abcxyz.frames.in_memory import segment_eager
from abcxyz.frames.lazy import segment_lazy
from abcxyz.frames.query import Query

__all__ = ["release", "segment", "segmented"]

FrameT = TypeVar("FrameT")
_kept: dict[int, tuple[Any, Callable[[], None]]] = {}


def segment(
    frame: FrameT,
    *,
    customer: str,
    date: str,
    amount: str,
    as_of: Date,
    period: str = "12M",
    bucket: str | None = None,
    abc: Rule = Tangent(),
    xyz: Rule | CvRule = Tangent(),
    metric: str = "revenue",
    cost: str | None = None,
    document: str | None = None,
    ddof: int = 0,
    since_first: bool = False,
    single_order: bool | None = None,
    decimals: int | None = 2,
    missing: str = "raise",
) -> FrameT:
    """Divide the customers of a frame of sales into the nine segments.

    Parameters
    ----------
    frame
        One row per sale: pandas, polars, pyarrow, modin in memory; polars ``LazyFrame``, DuckDB
        relation, PySpark, Dask or Ibis where the data are. Narwhals frames are taken, too.
    customer, date, amount
        Names of columns: whole numbers or text; dates, or dates and times, whose day is that of
        their own time zone (of the session for DuckDB and Spark); numbers or decimals.
    as_of
        The day of the classification.
    period, bucket, metric, abc, xyz, ddof, since_first, single_order
        As in `Settings`. Limits of amounts are in the unit of the amounts.
    cost
        The column of costs, for the metric ``profit``.
    document
        The column of sales documents, for counting orders; without it every row is one.
    decimals
        Decimals of the amounts. Where they have no more, they add up exactly, as whole minor
        units; where they have, or with None, customers within a relative 1e-9 of a cut belong
        to the better class.
    missing
        ``raise`` an error for rows without a customer, a date or an amount, or ``drop`` them.

    Returns
    -------
    frame
        Of the same kind; one row per customer, in no certain order: customer, value, share (of
        the sum of positive values), cv, orders, last_day, abc, xyz, segment. Missing where a
        customer has no sales in the window. A lazy answer stands on a table that is kept until
        `release`; `segmented` does both.

    Raises
    ------
    InputError
        A column is absent, of the wrong type or lacks values; there are no sales; the rule needs
        all customers in one place (`CumulativeMean`, or one of your own) and the frame is lazy.

    Notes
    -----
    A lazy frame is read once, or twice where its amounts are not whole minor units. The rules
    then take two passes over the table of customers (`Shares` up to six), and fetch numbers
    only; around the crossing of a share up to 50,000 values.

    Examples
    --------
    >>> import pandas as pd
    >>> sales = pd.DataFrame({"who": ["a", "a", "b"], "sum": [50, 50, 10],
    ...     "on": pd.to_datetime(["2026-01-05", "2026-02-05", "2026-02-09"])})
    >>> found = segment(sales, customer="who", date="on", amount="sum", period="2M",
    ...                 as_of=Date(2026, 3, 1))
    >>> found["segment"].tolist()
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
            abc=abc,
            xyz=xyz,
            ddof=ddof,
            since_first=since_first,
            single_order=single_order,
        ),
        as_of=as_of,
        decimals=decimals,
        missing=missing,
    )
    with quiet():
        given = understood(frame)
        if isinstance(given, nw.DataFrame):
            return _alike(segment_eager(given, query), frame)
        kept = segment_lazy(given, query)
        answer = _alike(kept.frame, frame)
    if kept.release is not nothing:
        # The answer is held too, so that nothing else can take its identity.
        _kept[id(answer)] = answer, kept.release
    return answer


def _alike(found: Any, like: FrameT) -> FrameT:
    """Hand out what was handed in: a native frame, or one of Narwhals."""
    if type(like).__module__.partition(".")[0] == "narwhals":
        return found  # type: ignore[no-any-return]
    return nw.to_native(found)  # type: ignore[no-any-return]


def release(answer: object) -> None:
    """Let go of the table under a lazy answer of `segment`; nothing happens to other frames.

    Notes
    -----
    It drops DuckDB's temporary table and Spark's cached data. Read or write the answer first:
    DuckDB cannot read it afterwards, Spark would compute it again.
    """
    _, let_go = _kept.pop(id(answer), (None, None))
    if let_go is not None:
        let_go()


@contextmanager
def segmented(frame: FrameT, **options: Any) -> Iterator[FrameT]:
    """Segment, hand out the answer, and release its table at the end of the block.

    Parameters are those of `segment`.
    """
    answer = segment(frame, **options)
    try:
        yield answer
    finally:
        release(answer)
