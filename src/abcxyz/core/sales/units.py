"""Calendar units of periods: their list, start days and numbering."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from datetime import date
from types import MappingProxyType

from attrs import frozen

from abcxyz.errors import InputError

__all__ = [
    "LETTERS",
    "UNITS",
    "DayUnit",
    "MonthPartUnit",
    "MonthUnit",
    "PeriodUnit",
    "unit_named",
]

_MEAN_MONTH = 146_097 / 4_800  # days; the Gregorian calendar repeats every 400 years


@frozen
class PeriodUnit(ABC):
    """A division of the calendar into consecutive periods without gaps.

    Parameters
    ----------
    name
        Name in code, such as ``half_year``.
    letter
        Capital letter in period codes such as ``12M``.

    Notes
    -----
    Periods of a unit are numbered with integers. `index` and `start` are inverse to each other on
    the first days of periods; all other operations are derived from them.
    """

    name: str
    letter: str

    @property
    def label(self) -> str:
        """The name as words: ``half year``."""
        return self.name.replace("_", " ")

    @property
    @abstractmethod
    def mean_days(self) -> float:
        """Mean length in days."""

    @abstractmethod
    def index(self, day: date) -> int:
        """Return the number of the period that contains *day*."""

    @abstractmethod
    def start(self, index: int) -> date:
        """Return the first day of the period with the number *index*."""


@frozen
class DayUnit(PeriodUnit):
    """A unit of a constant number of days, counted from Monday, 1 January of the year 1.

    Examples
    --------
    >>> week = DayUnit("week", "W", 7)
    >>> week.start(week.index(date(2026, 11, 22)))
    datetime.date(2026, 11, 16)
    """

    days: int

    @property
    def mean_days(self) -> float:
        """Mean length in days."""
        return float(self.days)

    def index(self, day: date) -> int:
        """Return the number of the period that contains *day*."""
        return (day.toordinal() - 1) // self.days

    def start(self, index: int) -> date:
        """Return the first day of the period with the number *index*."""
        return date.fromordinal(index * self.days + 1)


@frozen
class MonthUnit(PeriodUnit):
    """A unit of a constant number of months, counted from January of the year 0.

    Examples
    --------
    >>> quarter = MonthUnit("quarter", "Q", 3)
    >>> quarter.start(quarter.index(date(2026, 11, 22)))
    datetime.date(2026, 10, 1)
    """

    months: int

    @property
    def mean_days(self) -> float:
        """Mean length in days."""
        return self.months * _MEAN_MONTH

    def index(self, day: date) -> int:
        """Return the number of the period that contains *day*."""
        return (day.year * 12 + day.month - 1) // self.months

    def start(self, index: int) -> date:
        """Return the first day of the period with the number *index*."""
        year, month = divmod(index * self.months, 12)
        return date(year, month + 1, 1)


@frozen
class MonthPartUnit(PeriodUnit):
    """A part of a month that begins on fixed days of it.

    Parameters
    ----------
    name, letter
        As in `PeriodUnit`.
    first_days
        Days of the month on which a part begins: ascending, the first is 1, the last at most 28.

    Examples
    --------
    >>> half = MonthPartUnit("half_month", "P", (1, 16))
    >>> half.start(half.index(date(2026, 2, 28)))
    datetime.date(2026, 2, 16)
    """

    first_days: tuple[int, ...]

    @property
    def mean_days(self) -> float:
        """Mean length in days."""
        return _MEAN_MONTH / len(self.first_days)

    def index(self, day: date) -> int:
        """Return the number of the period that contains *day*."""
        months = day.year * 12 + day.month - 1
        return months * len(self.first_days) + bisect_right(self.first_days, day.day) - 1

    def start(self, index: int) -> date:
        """Return the first day of the period with the number *index*."""
        months, part = divmod(index, len(self.first_days))
        return date(months // 12, months % 12 + 1, self.first_days[part])


#: All units, from the shortest to the longest. To add a unit, add a line here.
_ALL: tuple[PeriodUnit, ...] = (
    DayUnit("day", "D", 1),
    DayUnit("week", "W", 7),
    MonthPartUnit("ten_days", "T", (1, 11, 21)),
    MonthUnit("month", "M", 1),
    MonthUnit("quarter", "Q", 3),
    MonthUnit("half_year", "H", 6),
    MonthUnit("year", "Y", 12),
)
_BY_NAME = MappingProxyType({unit.name: unit for unit in _ALL})

#: Names of the calendar units, from the shortest to the longest.
UNITS = tuple(_BY_NAME)

#: The letter of each unit -> its name.
LETTERS = MappingProxyType({unit.letter: unit.name for unit in _ALL})


def unit_named(name: str) -> PeriodUnit:
    """Return the unit of that name.

    Raises
    ------
    InputError
        There is no such unit.

    Examples
    --------
    >>> unit_named("half_year").letter
    'H'
    """
    if name not in _BY_NAME:
        raise InputError(
            "the period {unit!r} is unknown; use one of {known}",
            unit=name,
            known=", ".join(UNITS),
        )
    return _BY_NAME[name]
