"""Currency rates from the register of rates, by day."""

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
    """Rates of currencies to the currency of the accounts.

    Parameters
    ----------
    client
        Client of the base.
    names
        Names of the constant and of the register of rates.
    until
        Day after the last one that is needed.
    """

    def __init__(self, client: Client, names: Currency, until: date) -> None:
        self._client, self._names, self._until = client, names, until
        self._accounting_currency: str | None = None
        self._known: dict[str, tuple[list[datetime], list[Decimal]]] = {}

    def factor(
        self, currency: str | None, moment: datetime, rate: tuple[Decimal, ...] = ()
    ) -> Decimal:
        """Return the factor that converts an amount to the currency of the accounts.

        Parameters
        ----------
        currency
            Reference of the currency; ``None`` is the currency of the accounts.
        moment
            Date and time of the document.
        rate
            Numerator and denominator stored in the document, where it has them.

        Raises
        ------
        BadDataError
            There is no rate on that day or before it.
        """
        if currency is None or currency == self._currency_of_accounts():
            return Decimal(1)
        if len(rate) == 2 and rate[0] > 0 and rate[1] > 0:
            return rate[0] / rate[1]
        if currency not in self._known:
            self._known[currency] = self._read(currency)
        moments, prices = self._known[currency]
        index = bisect_right(moments, moment)
        if not index:
            raise BadDataError(
                "1C has no rate of the currency {currency} on {day}; load the rates of currencies "
                "in 1C, or correct the document",
                currency=currency,
                day=moment.date(),
            )
        return prices[index - 1]

    def _currency_of_accounts(self) -> str:
        if self._accounting_currency is None:
            names = self._names
            rows = table(self._client, Query(names.constant, (names.value,)))
            self._accounting_currency = (
                as_reference(rows[0].get(names.value)) if rows else None
            ) or ""
        return self._accounting_currency

    def _read(self, currency: str) -> tuple[list[datetime], list[Decimal]]:
        names = self._names
        where = both(
            f"{names.currency} eq {guid(currency)}",
            between("Period", _BEGINNING, self._until + timedelta(days=1)),
        )
        query = Query(names.rates, ("Period", names.rate, names.per), where, ("Period",))
        rates = {}
        for row in table(self._client, query):
            moment, per = as_datetime(row["Period"]), as_decimal(row.get(names.per))
            price = as_decimal(row.get(names.rate))
            if moment is not None and price > 0:
                rates[moment] = price / (per or 1)
        moments = sorted(rates)
        return moments, [rates[moment] for moment in moments]
