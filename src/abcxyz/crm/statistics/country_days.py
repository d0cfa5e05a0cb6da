"""Days off and working days of a country, from the package ``holidays``."""

from __future__ import annotations

import functools
from datetime import date

from abcxyz.errors import InputError

__all__ = ["country_days"]

#: Years that the calendar is computed for.
_YEARS = range(2000, 2051)


@functools.cache
def country_days(country: str) -> tuple[frozenset[date], frozenset[date]]:
    """Return the days off of a country, and the working days at its weekends.

    Parameters
    ----------
    country
        Code of ISO 3166, such as ``RU``.

    Returns
    -------
    tuple
        Holidays with the days that they are moved to, and weekend days that are worked instead,
        as far as the installed release of the package knows them.

    Raises
    ------
    InputError
        The package is not installed, or does not know the country.
    """
    try:
        import holidays
    except ImportError:
        raise InputError(
            "the days off of {country} need {package}; install it with: pip install {package}",
            country=country,
            package="holidays",
        ) from None
    try:
        known = holidays.country_holidays(country, years=_YEARS)
    except NotImplementedError:
        raise InputError(
            "the country {country!r} of the calendar is unknown; use a code such as 'RU', or list "
            "the days",
            country=country,
        ) from None
    return frozenset(known), frozenset(known.weekend_workdays)
