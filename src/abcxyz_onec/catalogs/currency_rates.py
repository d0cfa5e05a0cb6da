"""Currency rates of the day."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from decimal import Decimal

from abcxyz.errors import BadDataError
from abcxyz_onec.odata.answers import as_datetime, as_decimal, as_reference
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.paging import between, table
from abcxyz_onec.odata.query import Query, both, guid
from abcxyz_onec.profiles.schema import Currency

__all__ = ["Rates"]

_BEGINNING = date(1900, 1, 1)


class Rates:
    """Price of each currency in that of the accounts.

    Parameters
    ----------
    client
        The base.
    names
        Where the rates stand.
    until
        Day after the last that is needed.
    """

    def __init__(self, client: Client, names: Currency, until: date) -> None:
        self._client, self._names, self._until = client, names, until
        self._own: str | None = None
        self._known: dict[str, tuple[list[datetime], list[Decimal]]] = {}

    def factor(
        self, currency: str | None, moment: datetime, rate: tuple[Decimal, ...] = ()
    ) -> Decimal:
        """Find what to multiply an amount by.

        Parameters
        ----------
        currency
            Reference; none is the currency of the accounts.
        moment
            Of the document.
        rate
            Numerator and denominator that the document itself bears, where they are of its
            currency.

        Raises
        ------
        BadDataError
            There is no rate; one is never taken for granted.
        """
        if currency is None or currency == self._accounting():
            return Decimal(1)
        if len(rate) == 2 and rate[0] > 0 and rate[1] > 0:
            return rate[0] / rate[1]
        if currency not in self._known:
            self._known[currency] = self._read(currency)
        moments, prices = self._known[currency]
        place = bisect_right(moments, moment)
        if not place:
            raise BadDataError(
                "1C has no rate of the currency {currency} on {day}; load the rates of currencies "
                "in 1C, or correct the document",
                currency=currency,
                day=moment.date(),
            )
        return prices[place - 1]

    def _accounting(self) -> str:
        if self._own is None:
            names = self._names
            found = table(self._client, Query(names.constant, (names.value,)))
            self._own = (as_reference(found[0].get(names.value)) if found else None) or ""
        return self._own

    def _read(self, currency: str) -> tuple[list[datetime], list[Decimal]]:
        names = self._names
        where = both(
            f"{names.currency} eq {guid(currency)}",
            between("Period", _BEGINNING, self._until + timedelta(days=1)),
        )
        asked = Query(names.rates, ("Period", names.rate, names.per), where, ("Period",))
        found = {}
        for row in table(self._client, asked):
            moment, per = as_datetime(row["Period"]), as_decimal(row.get(names.per))
            price = as_decimal(row.get(names.rate))
            if moment is not None and price > 0:
                found[moment] = price / (per or 1)
        moments = sorted(found)
        return moments, [found[moment] for moment in moments]
