"""Currency rates from the register of rates, by day."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from decimal import Decimal

from abcxyz.errors import BadDataError
from abcxyz_onec.odata.answers import as_datetime, as_decimal, as_reference
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.metadata import missing_names
from abcxyz_onec.odata.paging import between, table
from abcxyz_onec.odata.query import Query, both, guid
from abcxyz_onec.profiles.schema import Currency

__all__ = ["Rates"]

_BEGINNING = date(1900, 1, 1)


class Rates:
    """Rates of currencies to the currency of the accounts.

    The register keeps rates to one base currency, mostly the rouble; where the accounts are in
    another one, its own rate divides.

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
            price = rate[0] / rate[1]
        else:
            price = self._price(currency, moment)
        return price / self._price(self._currency_of_accounts(), moment)

    def _price(self, currency: str, moment: datetime) -> Decimal:
        """Return the last rate of a currency to the base one."""
        if not currency:
            return Decimal(1)
        if currency not in self._known:
            self._known[currency] = self._read(currency)
        moments, prices = self._known[currency]
        # Rates are to the base currency, which needs none of its own.
        if not moments and currency in self._base_currencies():
            return Decimal(1)
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
            self._accounting_currency = self._constant(self._names.constant)
        return self._accounting_currency

    def _constant(self, entity: str) -> str:
        names = self._names
        rows = table(self._client, Query(entity, (names.value,)))
        return (as_reference(rows[0].get(names.value)) if rows else None) or ""

    def _base_currencies(self) -> set[str]:
        """Return the currencies that need no rate: those of the accounts and of the law."""
        base = {self._currency_of_accounts()}
        legal = self._names.legal
        if not missing_names(self._client.metadata(), Query(legal, (self._names.value,))):
            base.add(self._constant(legal))
        return base

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
