"""Parsing of dates and months on the command line."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from abcxyz.errors import InputError

if TYPE_CHECKING:
    from abcxyz.core.sales.calendar import Window

__all__ = ["parse_day", "parse_end", "parse_month", "parse_window", "today"]

_DAYS = ("%Y-%m-%d", "%d.%m.%Y")
_MONTHS = ("%Y-%m", "%m.%Y")


def today() -> date:
    """Return the current date in the time zone of this machine."""
    return datetime.now().astimezone().date()


def _parse(written: str, formats: tuple[str, ...]) -> date | None:
    for form in formats:
        try:
            return datetime.strptime(written.strip(), form).date()  # noqa: DTZ007 - a day
        except ValueError:
            continue
    return None


def parse_day(written: str | None, option: str = "--as-of") -> date:
    """Parse a date, as an option names it; None is today.

    Raises
    ------
    InputError
        The text is not a date.

    Examples
    --------
    >>> parse_day("01.11.2026")
    datetime.date(2026, 11, 1)
    """
    if written is None:
        return today()
    day = _parse(written, _DAYS)
    if day is None:
        raise InputError(
            "{option} {written!r} is not a date; write it as 2026-11-01",
            option=option,
            written=written,
        )
    return day


def parse_month(written: str, option: str) -> date:
    """Parse a month, returned as its first day, or a date.

    Raises
    ------
    InputError
        The text is neither.

    Examples
    --------
    >>> parse_month("2026-09", "--from")
    datetime.date(2026, 9, 1)
    """
    day = _parse(written, _MONTHS + _DAYS)
    if day is None:
        raise InputError(
            "{option} {written!r} is no month; write it as 2024-01", option=option, written=written
        )
    return day


def parse_end(written: str, option: str) -> date:
    """Parse the last day of a window, or its last month, returned as the day after it.

    Raises
    ------
    InputError
        The text is neither.

    Examples
    --------
    >>> parse_end("2026-09", "--to"), parse_end("2026-09-15", "--to")
    (datetime.date(2026, 10, 1), datetime.date(2026, 9, 16))
    """
    day = _end(written)
    # For its error: the text is neither.
    return parse_month(written, option) if day is None else day


def _end(written: str) -> date | None:
    """Return the day after a day, or after a month; None for a text that is neither."""
    from abcxyz.core.sales.calendar import shift_period

    month, day = _parse(written, _MONTHS), _parse(written, _DAYS)
    if month is not None:
        return shift_period(month, "month", 1)
    return None if day is None else day + timedelta(days=1)


def parse_window(written: str, option: str) -> Window:
    """Parse the first and last day of a window, or months; one month alone is a window, too.

    Raises
    ------
    InputError
        The text is neither, or ends before it begins.

    Examples
    --------
    >>> str(parse_window("2026-05-04..2026-05-31", "--before"))
    '[2026-05-04, 2026-06-01)'
    >>> str(parse_window("2026-05", "--before")), str(parse_window("2026-01..2026-03", "--after"))
    ('[2026-05-01, 2026-06-01)', '[2026-01-01, 2026-04-01)')
    """
    from abcxyz.core.sales.calendar import Window

    first, _, last = written.partition("..")
    since, until = _parse(first, _MONTHS + _DAYS), _end(last or first)
    if since is None or until is None:
        raise InputError(
            "{option} {written!r} is no window; write it as 2026-05-01..2026-05-31, or 2026-05",
            option=option,
            written=written,
        )
    return Window(since, until)
