"""Checks that the sales cover the window of a classification."""

from __future__ import annotations

import warnings
from datetime import date, timedelta

import numpy as np

from abcxyz.core.sales.calendar import Periods, Window, period_start, shift_period
from abcxyz.core.sales.panel import Panel
from abcxyz.errors import CoverageWarning, InputError

__all__ = ["check_coverage", "check_panel_coverage"]

#: Sales that end this long before the end of the window are probably an old file.
_STALE = timedelta(days=62)
#: Days without sales at the start of a window that are normal in a small company.
_QUIET = timedelta(days=31)


def check_coverage(
    periods: Periods,
    *,
    first: date | None,
    last: date | None,
    inside: bool,
    strict: bool = False,
    stacklevel: int = 2,
) -> None:
    """Warn if the sales do not cover the window, and suggest another date.

    Parameters
    ----------
    periods
        The window, its buckets, and the lookback.
    first, last
        Days of the earliest and the latest sale in the lookback; None if not known.
    inside
        Whether any line lies in the window.
    strict
        Whether only to raise an error if no line lies in the window, without any warning.
    stacklevel
        As in :func:`warnings.warn`, counted from the caller.

    Raises
    ------
    InputError
        No line lies in the window, and *strict*.

    Warns
    -----
    CoverageWarning
        No line lies in the window; or the last sale is more than two months older than the end
        of the window; or the first one is later than its beginning by a month and a bucket.

    Examples
    --------
    >>> year = Periods.parse("12M", date(2026, 11, 1))
    >>> check_coverage(year, first=date(2025, 2, 3), last=date(2026, 10, 30), inside=True)
    """
    window = periods.window
    if not inside:
        empty = _nothing_inside(window, last)
        if strict:
            raise InputError(empty.template, **empty.details)
        warnings.warn(empty, stacklevel=stacklevel + 1)
    if strict or not inside:
        return
    if last is not None and last < window.until - _STALE:
        warnings.warn(
            CoverageWarning(
                "the last sale is of {last}, long before the end of the window on {window_last}; "
                "if the sales are old ones, take {suggested} as the day of the classification "
                "(as of)",
                last=last,
                window_last=window.last,
                suggested=_next_month(last),
            ),
            stacklevel=stacklevel + 1,
        )
    if first is not None and first >= _late(periods):
        warnings.warn(
            CoverageWarning(
                "the first sale is of {first}, after the window begins on {since}: customers look "
                "smaller and less steady than they are; take a shorter period, or read older "
                "sales",
                first=first,
                since=window.since,
            ),
            stacklevel=stacklevel + 1,
        )


def check_panel_coverage(panel: Panel, *, strict: bool = False, stacklevel: int = 2) -> None:
    """Apply `check_coverage` to a panel."""
    days = [
        choose.reduce(column.astype("M8[D]"))
        for choose, column in ((np.fmin, panel.first_day), (np.fmax, panel.last_day))
        if len(column)
    ]
    first, last = (None if np.isnat(day) else day.item() for day in days) if days else (None, None)
    inside = bool(len(panel)) and not bool(np.isnan(panel.value).all())
    check_coverage(
        panel.periods,
        first=first,
        last=last,
        inside=inside,
        strict=strict,
        stacklevel=stacklevel + 1,
    )


def _nothing_inside(window: Window, last: date | None) -> CoverageWarning:
    if last is None:
        return CoverageWarning(
            "no sale lies in the window from {since} to {window_last}; check the source and "
            "the day of the classification (as of)",
            since=window.since,
            window_last=window.last,
        )
    return CoverageWarning(
        "no sale lies in the window from {since} to {window_last}; the last known sale is of "
        "{last}: take {suggested} as the day of the classification (as of)",
        since=window.since,
        window_last=window.last,
        last=last,
        suggested=_next_month(last),
    )


def _next_month(day: date) -> date:
    return shift_period(period_start(day, "month"), "month", 1)


def _late(periods: Periods) -> date:
    """Return the day from which on a first sale is late: a bucket or a month after the start.

    A short window is late after half of its days.
    """
    window = periods.window
    bucket = periods.edges[1] - periods.edges[0]
    return window.since + min(max(bucket, _QUIET), (window.until - window.since) / 2)
