"""All records of a CRM as known at one moment."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from attrs import Factory, evolve, field, frozen

from abcxyz._arrays import Floats, Ints, as_day
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import Quality
from abcxyz.crm.records.alive import alive, of_funnel
from abcxyz.crm.records.clean import clean
from abcxyz.crm.records.columns import Columns, Moments, TextColumn, blank_column
from abcxyz.crm.records.cut import cut
from abcxyz.crm.records.field_values import joined, values_in_currency
from abcxyz.crm.records.keys import rows_of
from abcxyz.crm.records.quality import Account
from abcxyz.crm.records.stages import StageMap, guess_stages
from abcxyz.crm.records.tables import (
    Activities,
    Deals,
    Leads,
    Plans,
    ProductLines,
    Spend,
    StageChanges,
    Users,
    Values,
)
from abcxyz.crm.records.visits import Outcomes, Visits, outcomes_of, visits_of
from abcxyz.errors import InputError

__all__ = ["CrmData", "as_local", "hours_of_day", "local_quarters", "midnight"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            "the time zone {zone!r} is unknown; use an IANA name such as 'Europe/Moscow'",
            zone=name,
        ) from None
    return name


def midnight(day: date, zone: str) -> Any:
    """Return the moment at which *day* begins in a time zone, as ``datetime64[s]`` in UTC."""
    begins = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return np.datetime64(begins.replace(tzinfo=None), "s")


@frozen(kw_only=True, slots=False)
class CrmData:
    """Records of a CRM; a table that was not read is None.

    Parameters
    ----------
    deals
        The deals.
    changes, activities, leads, lines, users, values, spend, plans
        Other tables, by the names of their files in ``abcxyz.crm.TABLES``.
    stages
        Stages of the funnels; guessed from the changes by default.
    zone
        Time zone of the business as an IANA name: days and hours are counted in it.
    until
        Moment (``datetime64[s]``, UTC) of the state that the records show; nothing at or after it
        is known. None: the end of the records.
    quality
        What was repaired or left out.

    Raises
    ------
    InputError
        A deal is listed twice, or more than 1 % of the changes lead into unknown stages.

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz.crm import Deals, Stage, StageChanges, StageMap
    >>> crm = CrmData(
    ...     deals=Deals(deal=[1, 2], funnel=["sales"] * 2, stage=["WON", "NEW"],
    ...                 created=["2026-05-01T09:00:00+03:00", "2026-05-02T09:00:00+03:00"]),
    ...     changes=StageChanges(deal=[1, 1, 2], stage=["NEW", "WON", "NEW"],
    ...                          entered=["2026-05-01T09:00:00+03:00",
    ...                                   "2026-05-06T12:00:00+03:00",
    ...                                   "2026-05-02T09:00:00+03:00"]),
    ...     stages=StageMap({"sales": ["NEW", Stage("WON", semantics="S")]}),
    ...     zone="Europe/Moscow")
    >>> crm.outcomes.kind.tolist(), crm.as_of(date(2026, 5, 3)).outcomes.kind.tolist()
    ([1, 0], [0, 0])
    """

    __hash__ = None  # type: ignore[assignment]

    deals: Deals
    changes: StageChanges | None = None
    activities: Activities | None = None
    leads: Leads | None = None
    lines: ProductLines | None = None
    users: Users | None = None
    values: Values | None = None
    spend: Spend | None = None
    plans: Plans | None = None
    stages: StageMap = Factory(
        lambda self: guess_stages(self.deals, self.changes), takes_self=True
    )
    zone: str = field(default="UTC", converter=_zone)
    until: Any = None
    quality: Quality = field(factory=lambda: Quality(0, 0))

    def __attrs_post_init__(self) -> None:
        account = Account(self.quality.issues)
        for name, table in clean(self.tables(), self.stages, self.until, account).items():
            object.__setattr__(self, name, table)
        # Where the records tell no moment of their state, a later one is as good.
        object.__setattr__(self, "_ends_with_records", self.until is None)
        if self.until is None:
            object.__setattr__(self, "until", self._end())
        rows = sum(len(table) for table in self.tables().values())
        object.__setattr__(self, "quality", account.quality(rows, rows))

    def tables(self) -> dict[str, Columns]:
        """Return the tables that were read, by the name of the field."""
        names = ("deals", "changes", "activities", "leads", "lines", "users", "values", "spend")
        pairs = ((name, getattr(self, name)) for name in (*names, "plans"))
        return {name: table for name, table in pairs if table is not None}

    def _end(self) -> Any:
        """Return the first full second after everything in the records that has happened."""
        ends = [
            column.max()
            for table, name in (
                (self.deals, "created"),
                (self.changes, "entered"),
                (self.leads, "created"),
                (self.activities, "started"),
            )
            if table is not None and len(table)
            for column in [getattr(table, name)]
        ]
        return max(ends) + np.timedelta64(1, "s") if ends else np.datetime64(0, "s")

    @functools.cached_property
    def visits(self) -> Visits:
        """Visits of the stages; without a history there are none."""
        changes = self.changes
        if changes is None:
            changes = StageChanges(deal=self.deals.deal[:0], stage=[], entered=[])
        return visits_of(self.deals, changes, self.stages)

    @functools.cached_property
    def outcomes(self) -> Outcomes:
        """Outcome of every deal."""
        visits = None if self.changes is None else self.visits
        return outcomes_of(self.deals, visits, self.stages)

    @functools.cached_property
    def amounts(self) -> Floats:
        """(n,) amounts of the deals; NaN where not known."""
        amount = self.deals.amount
        return np.full(len(self.deals), np.nan) if amount is None else amount

    def rows_of_deals(self, ids: Any) -> Any:
        """Return the rows of deals with the given identifiers; -1 for unknown ones."""
        return rows_of(ids, self.deals.deal)

    def currencies(self) -> dict[str, int]:
        """Return the currencies of the deals with an amount, and the number of such deals."""
        column = self.category("currency")[~np.isnan(self.amounts)]
        counts = np.bincount(column.codes, minlength=len(column.categories))
        return {
            name: int(count)
            for name, count in zip(column.categories, counts, strict=True)
            if count
        }

    def single_amounts(self, *, required: bool = False) -> Floats:
        """Return the amounts of the deals if they are in one currency.

        Parameters
        ----------
        required
            Whether more than one currency is an error; otherwise all amounts are NaN then.

        Raises
        ------
        InputError
            The deals have amounts in more than one currency, and *required*.
        """
        currencies = self.currencies()
        if len(currencies) <= 1:
            return self.amounts
        if required:
            raise InputError(
                "the deals have amounts in {currencies}, which do not add up; convert them with "
                "rates, or select one currency",
                currencies=", ".join(f"{name or '?'} ({n})" for name, n in currencies.items()),
            )
        return np.full(len(self.deals), np.nan)

    def in_currency(self, currency: str, rates: Mapping[str, float] | None = None) -> CrmData:
        """Return the records with all amounts of deals in one currency.

        Parameters
        ----------
        currency
            Its code. Amounts without a currency are in it.
        rates
            Other currency -> amount of *currency* for one unit. Amounts in a currency without a
            rate become unknown and are counted in `quality`.
        """
        column = self.category("currency")
        factor = np.array(
            [
                1.0 if name in ("", currency) else (rates or {}).get(name, np.nan)
                for name in column.categories
            ]
        )[column.codes]
        account = Account(self.quality.issues)
        foreign = ~np.isnan(self.amounts) & np.isnan(factor)
        account.add("other_currency", foreign, self.deals.deal, self.deals.amount)
        one = TextColumn((currency,), np.zeros(len(self.deals), dtype=np.int64))
        deals = self.deals.with_columns(amount=self.amounts * factor, currency=one)
        quality = account.quality(self.quality.rows, self.quality.used)
        until = None if self.__dict__["_ends_with_records"] else self.until
        values = self.values
        if values is not None:
            values = values_in_currency(values, self.deals, rates or {}, currency)
        return evolve(self, deals=deals, values=values, quality=quality, until=until)

    def with_values(self, values: Values, *, shown: bool = False) -> CrmData:
        """Return the records with a history of values besides that of the source.

        Parameters
        ----------
        values
            Values of fields over time. Where the source keeps a history of a field, that counts.
        shown
            Whether the deals show these values as they were before `until`: for records of a past
            day whose source shows the values of today.
        """
        until = None if self.__dict__["_ends_with_records"] else self.until
        tables: dict[str, Any] = {**self.tables(), "values": joined(self.values, values)}
        if shown:
            local = as_local(self.until, self.zone)
            tables = cut(tables, self.stages, self.until, local.date())
        return evolve(self, **tables, until=until)

    def in_funnel(self, funnel: str) -> CrmData:
        """Return the records of the deals that are in one funnel.

        Raises
        ------
        ConfigError
            The funnel is unknown.
        """
        self.stages.stages(funnel)
        until = None if self.__dict__["_ends_with_records"] else self.until
        return evolve(self, **of_funnel(self.tables(), funnel), until=until)

    @functools.cached_property
    def deal_of_activity(self) -> Ints:
        """(n,) row of the deal of every activity; -1 for none."""
        table = self.activities
        if table is None or table.deal is None:
            return np.full(0 if table is None else len(table), -1, dtype=np.int64)
        return np.asarray(self.rows_of_deals(table.deal))

    def category(self, name: str) -> TextColumn:
        """Return an optional text column of the deals; empty texts where it was not read."""
        column: TextColumn | None = getattr(self.deals, name)
        if column is not None:
            return column
        return blank_column(len(self.deals))

    def need(self, table: str) -> Any:
        """Return a table.

        Raises
        ------
        InputError
            It was not read; the message names it.
        """
        found = getattr(self, table)
        if found is None:
            raise InputError(
                "this report needs the table {table}; add it to the source",
                table={"changes": "stage_changes", "lines": "product_lines"}.get(table, table),
            )
        return found

    def moment(self, day: object) -> Any:
        """Return the moment (``datetime64[s]``, UTC) at which a day begins for the business."""
        if isinstance(day, np.datetime64) and day.dtype != np.dtype("M8[D]"):
            return day.astype("M8[s]")
        return midnight(as_day(day, "as_of"), self.zone)

    def inside(self, moments: Moments, window: Window | None) -> Any:
        """Return for every moment whether it is in a window of days; all are in None."""
        if window is None:
            return ~np.isnat(moments)
        since, until = midnight(window.since, self.zone), midnight(window.until, self.zone)
        return (moments >= since) & (moments < until)

    def as_of(self, day: object) -> CrmData:
        """Return the records as they were known when a day began.

        Parameters
        ----------
        day
            A date, in the time zone of the business, or a moment as ``datetime64[s]`` in UTC.

        Notes
        -----
        Every report of the result equals the report that was made at that moment, as far as the
        source keeps histories: see `CrmData.values` for amounts, owners and planned days.
        """
        moment = self.moment(day)
        if moment >= self.until:
            return evolve(self, until=moment) if self.__dict__["_ends_with_records"] else self
        local = as_local(moment, self.zone)
        tables = cut(self.tables(), self.stages, moment, local.date())
        return evolve(self, **tables, until=moment)

    def alive_in(self, window: Window) -> CrmData:
        """Return the records of the deals alive in a window, as known at its end.

        Parameters
        ----------
        window
            Days in the time zone of the business.

        Notes
        -----
        A deal is alive in a window if it was created before its end and not closed before its
        start. Histories of such deals are whole.
        """
        known = self.as_of(window.until)
        tables = alive(known.tables(), known.outcomes.closed, midnight(window.since, self.zone))
        return evolve(known, **tables, until=known.until)


def as_local(moment: Any, zone: str) -> datetime:
    """Return a moment as an aware `datetime` in a time zone."""
    local: datetime = moment.astype("M8[s]").item().replace(tzinfo=UTC)
    return local.astimezone(ZoneInfo(zone))


def hours_of_day(moments: Moments, zone: str) -> Ints:
    """Return the hour of the day, 0 to 23, of every moment in a time zone.

    Examples
    --------
    >>> hours_of_day(np.array(["2026-05-04T22:40:00"], dtype="M8[s]"), "Asia/Kolkata").tolist()
    [4]
    """
    starts, place = local_quarters(moments, zone)
    return np.array([one.hour for one in starts], dtype=np.int64)[place]


def local_quarters(moments: Moments, zone: str) -> tuple[list[datetime], Ints]:
    """Return the distinct quarters of an hour of moments in a time zone, and that of each moment.

    A quarter is the smallest step between time zones.
    """
    quarter = moments.astype("M8[s]").astype(np.int64) // 900
    known, place = np.unique(quarter, return_inverse=True)
    return [as_local(one, zone) for one in (known * 900).astype("M8[s]")], place
