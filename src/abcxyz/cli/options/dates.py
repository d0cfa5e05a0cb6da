"""Parsing of dates and months on the command line."""

from __future__ import annotations

from datetime import date, datetime

from abcxyz.errors import InputError

__all__ = ["parse_day", "parse_month", "today"]

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
