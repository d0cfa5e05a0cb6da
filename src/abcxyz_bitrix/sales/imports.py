"""Days on which sales of earlier days were imported from another CRM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, tzinfo

from attrs import frozen

from abcxyz_bitrix.crm.entities import Fields
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_day, as_moment
from abcxyz_bitrix.rest.lists import Listing, sample
from abcxyz_bitrix.sales.sale import day_of

__all__ = ["Probe", "probe_sales"]

_LEAST_ROWS = 5
_LEAST_DAYS = 3  # different closing dates
_SHARE = 1 / 3  # of all sales, on one day
_EARLIER = 0.8  # of that day's sales close earlier


@frozen
class Probe:
    """Properties of a portal's sales, found in a sample over all ids.

    Parameters
    ----------
    imported
        Days on which sales of earlier days were imported.
    unmoved
        Ids of sales in the sample without a time of their last move.
    """

    imported: frozenset[date] = frozenset()
    unmoved: tuple[int, ...] = ()


def probe_sales(client: Client, listing: Listing, names: Fields, zone: tzinfo | None) -> Probe:
    """Look at a sample of a portal's won objects, which does not depend on any window.

    Parameters
    ----------
    listing
        List of the won objects of all time.

    Notes
    -----
    A day is one of an import if a third of all sales moved last on it, and four of five of these
    have an earlier closing date, on several days. A portal that sets the closing date on winning
    has none, and neither has one whose people close late now and then.
    """
    moved_name, closed_name = names.find("MOVED_TIME"), names.find("CLOSEDATE")
    if moved_name is None:
        return Probe()
    rows = sample(client, listing)
    moved: list[tuple[date, date | None]] = []
    unmoved: list[int] = []
    for row in rows:
        moment = as_moment(row.get(moved_name))
        if moment is None:
            unmoved.append(listing.number(row))
        else:
            closed = as_day(row.get(closed_name)) if closed_name is not None else None
            moved.append((day_of(moment, zone), closed))
    return Probe(_import_days(moved), tuple(unmoved))


def _import_days(moved: Sequence[tuple[date, date | None]]) -> frozenset[date]:
    days = set()
    for day, count in Counter(day for day, _ in moved).items():
        closed = [one for other, one in moved if other == day and one is not None and one < day]
        if (
            count >= max(_LEAST_ROWS, _SHARE * len(moved))
            and len(closed) >= _EARLIER * count
            and len(set(closed)) >= _LEAST_DAYS
        ):
            days.add(day)
    return frozenset(days)
