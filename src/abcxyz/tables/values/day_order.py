"""Order of day, month and year in a column of dates written as three numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from attrs import field, frozen

from abcxyz._arrays import frozen_map
from abcxyz.errors import InputError
from abcxyz.tables.values.months import year_of

__all__ = ["DayOrder", "Triple", "decide_order"]

Order = Literal["dmy", "mdy", "ymd", "ydm"]


@frozen
class Triple:
    """Three numbers of a date.

    Parameters
    ----------
    shape
        Place of the year: ``year`` is first and ``last`` last, with four digits; ``short`` has two
        digits, first or last.
    separator
        Mark between the numbers.
    first, second, third
        The numbers.
    """

    shape: str
    separator: str
    first: int
    second: int
    third: int

    def date_in(self, order: Order) -> date | None:
        """Return the date in an order, or None if there is none."""
        numbers = dict(zip(order, (self.first, self.second, self.third), strict=True))
        year = numbers["y"] if self.shape != "short" else year_of(f"{numbers['y']:02}")
        try:
            return date(year, numbers["m"], numbers["d"])
        except ValueError:
            return None

    def __str__(self) -> str:
        """Return the date as written."""
        widths = (4 if self.shape == "year" else 2, 2, 4 if self.shape == "last" else 2)
        numbers = zip((self.first, self.second, self.third), widths, strict=True)
        return self.separator.join(f"{number:0{width}}" for number, width in numbers)


@frozen
class DayOrder:
    """Orders of a column, by shape and separator.

    Parameters
    ----------
    orders
        (shape, separator) to the order.
    """

    orders: Mapping[tuple[str, str], Order] = field(factory=dict, converter=frozen_map)

    def date_of(self, triple: Triple) -> date | None:
        """Return the date of three numbers, or None if there is none."""
        usual: Order = "ymd" if triple.shape == "year" else "dmy"
        return triple.date_in(self.orders.get((triple.shape, triple.separator), usual))

    def day_first(self, separator: str = ".") -> bool:
        """Return whether the day stands before the month in dates with a separator."""
        return any(
            order.index("d") < order.index("m")
            for (_, mark), order in self.orders.items()
            if mark == separator
        )


def decide_order(triples: Sequence[Triple], name: str) -> DayOrder:
    """Decide the order of each notation of a column.

    Parameters
    ----------
    triples
        Distinct dates of the column.
    name
        Heading of the column, for errors.

    Raises
    ------
    InputError
        The order stays open, or the cells contradict each other.

    Notes
    -----
    A number over 12 is no month, one over 31 is a year. Dates with dots have the day first unless
    a number says otherwise; those with other marks follow the other notations of the column.
    """
    groups: dict[tuple[str, str], list[Triple]] = {}
    for triple in dict.fromkeys(triples):
        groups.setdefault((triple.shape, triple.separator), []).append(triple)
    orders: dict[tuple[str, str], Order] = {}
    undecided: dict[tuple[str, str], list[Triple]] = {}
    for key, members in groups.items():
        if key[0] == "year":
            order: Order | None = _year_first(members)
        else:
            order = _short(members) if key[0] == "short" else _year_last(members, name)
        if order is None:
            undecided[key] = members
        else:
            orders[key] = order
    for key, members in undecided.items():
        orders[key] = _by_others(key, members, orders, name)
    return DayOrder(orders)


def _by_others(
    key: tuple[str, str],
    members: Sequence[Triple],
    orders: Mapping[tuple[str, str], Order],
    name: str,
) -> Order:
    shape, separator = key
    decided = {
        order
        for (other, _), order in orders.items()
        if other != "year" and (order != "ymd" or shape == "short")
    }
    if len(decided) == 1:
        return decided.pop()
    if separator == "." or (shape == "last" and all(one.first == one.second for one in members)):
        return "dmy"
    raise _open_day(members[0], name)


def _open_day(triple: Triple, name: str) -> InputError:
    return InputError(
        "the column {name!r} holds dates such as {value!r}, which may begin with the day or "
        "with the month; give the date format, such as --date-format %d/%m/%Y",
        name=name,
        value=str(triple),
    )


def _year_first(members: Sequence[Triple]) -> Order:
    """Decide the order after a year of four digits: that of ISO 8601, unless many exclude it."""
    days_first = sum(
        one.date_in("ymd") is None and one.date_in("ydm") is not None for one in members
    )
    months_first = any(one.date_in("ydm") is None and one.date_in("ymd") for one in members)
    return "ydm" if days_first * 5 >= len(members) and not months_first else "ymd"


def _year_last(members: Sequence[Triple], name: str) -> Order | None:
    days = [one for one in members if one.date_in("dmy") and not one.date_in("mdy")]
    months = [one for one in members if one.date_in("mdy") and not one.date_in("dmy")]
    # With dots the day stands first by convention, which one odd cell does not change.
    needed = 0.05 * len(members) if members[0].separator == "." else 0
    if months and len(months) <= needed and not days:
        raise _contradiction(months[0], members, name)
    if days and months:
        few, many = sorted((days, months), key=len)
        if len(few) * 20 > len(many):
            raise InputError(
                "the column {name!r} holds both {value!r} and {other!r}, so its dates have two "
                "orders; write them in one order, or give the date format of the usable ones, "
                "such as --date-format %d.%m.%Y",
                name=name,
                value=str(days[0]),
                other=str(months[0]),
            )
        return "dmy" if many is days else "mdy"
    if days or months:
        return "dmy" if days else "mdy"
    return None


def _contradiction(odd: Triple, members: Sequence[Triple], name: str) -> InputError:
    return InputError(
        "the column {name!r} holds {value!r}, with the month first, among {count} "
        "{count:date|dates} that may have the day first; give the date format, such as "
        "--date-format %d.%m.%Y",
        name=name,
        value=str(odd),
        count=len(members),
    )


def _short(members: Sequence[Triple]) -> Order | None:
    """Decide the order of dates with a year of two digits."""
    candidates: tuple[Order, ...] = ("dmy", "mdy", "ymd")
    readable = {
        order: sum(one.date_in(order) is not None for one in members) for order in candidates
    }
    best = max(readable.values())
    if best * 20 < len(members) * 19:
        return None
    viable = [order for order in candidates if readable[order] == best]
    if len(viable) > 1 and "ymd" in viable:
        # The day takes more values than the year.
        firsts, lasts = len({one.first for one in members}), len({one.third for one in members})
        if lasts >= 2 * firsts + 1:
            return "ymd"
        if firsts >= 2 * lasts + 1 or members[0].separator == ".":
            viable.remove("ymd")
    return viable[0] if len(viable) == 1 else None
