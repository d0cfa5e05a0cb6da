"""Check that a file has sales in the window of an analysis."""

from __future__ import annotations

import warnings
from datetime import date, timedelta

from abcxyz.core.sales.calendar import Window, period_start, shift_period
from abcxyz.errors import AbcxyzWarning, InputError

__all__ = ["check_window"]

#: A file whose last sale is this long before the end of the window is probably old.
_STALE = timedelta(days=62)


def check_window(file: str, window: Window, *, first: date, last: date, inside: bool) -> None:
    """Warn or raise an error if the sales end before the window, and suggest another date.

    Parameters
    ----------
    file
        Name of the file, for messages.
    window
        Window of the analysis.
    first, last
        Dates of the earliest and the latest usable sale.
    inside
        Whether any usable sale lies in the window.

    Raises
    ------
    InputError
        No sale lies in the window.

    Warns
    -----
    AbcxyzWarning
        The last sale is more than two months older than the end of the window.
    """
    suggested = shift_period(period_start(last, "month"), "month", 1)
    if not inside:
        raise InputError(
            "{file} has no sale in the window from {since} to {window_last}; its sales are from "
            "{first} to {last}. Date the result with --as-of {suggested}",
            file=file,
            since=window.since,
            window_last=window.last,
            first=first,
            last=last,
            suggested=suggested,
        )
    if last < window.until - _STALE:
        warnings.warn(
            AbcxyzWarning(
                "the last sale in {file} is of {last}, long before the end of the window on "
                "{window_last}; if the file is an old one, date the result with "
                "--as-of {suggested}",
                file=file,
                last=last,
                window_last=window.last,
                suggested=suggested,
            ),
            stacklevel=2,
        )
