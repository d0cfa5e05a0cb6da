"""Currency conversion by explicit rates or those of the portal."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from attrs import define, field

from abcxyz.errors import BadDataError, ConfigError
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_bool, as_decimal, rows_at

__all__ = ["CHOICES", "Money", "portal_rates"]

CHOICES = ("one", "portal")
"""Values of the option *currency* besides the code of a currency."""


def _checked(rates: Mapping[str, object]) -> dict[str, Decimal]:
    checked = {}
    for code, rate in rates.items():
        try:
            number = Decimal(str(rate))
        except InvalidOperation:
            number = Decimal(0)
        if isinstance(rate, bool) or not number.is_finite() or number <= 0:
            raise ConfigError(
                "the rate of {code} is {rate!r}; give how many units of the main currency one "
                "{code} costs",
                code=code,
                rate=rate,
            )
        checked[str(code).upper()] = number
    return checked


def _code(currency: str) -> str:
    """Return a currency code in upper case; the choices ``one`` and ``portal`` in lower case."""
    choice = currency.strip().casefold()
    return choice if choice in CHOICES else currency.strip().upper()


@define
class Money:
    """Currency converter with explicit rates; unknown currencies are never added up.

    Parameters
    ----------
    currency
        ``one``: there must be only one. ``portal``: by the rates of the portal. Else the code of
        the currency to convert to.
    rates
        Units of that currency for one unit of another.

    Raises
    ------
    ConfigError
        A rate is no positive number.

    Examples
    --------
    >>> Money("RUB", {"USD": 92.5}).convert(Decimal(2), "USD")
    Decimal('185.0')
    """

    currency: str = field(default="one", converter=_code)
    rates: dict[str, Decimal] = field(factory=dict, converter=_checked)
    currencies: set[str] = field(factory=set, init=False)

    @property
    def clashing(self) -> bool:
        """Whether amounts occurred in currencies that cannot be added."""
        return len(self._unknown()) > (1 if self.currency == "one" else 0)

    def _unknown(self) -> set[str]:
        known = set(self.rates) | ({self.currency} if self.currency != "one" else set())
        return self.currencies - known

    def convert(self, amount: Decimal, code: str) -> Decimal:
        """Convert an amount; the result is meaningless while `clashing`, see `check`."""
        code = code.upper()
        self.currencies.add(code)
        return amount * self.rates.get(code, Decimal(1))

    def between(self, amount: Decimal, code: str, to: str) -> Decimal | None:
        """Convert an amount to another currency; None where a rate is missing."""
        code, to = (code or to).upper(), to.upper()
        if code == to:
            return amount
        rates = {**self.rates, self.currency: Decimal(1)}
        if code not in rates or to not in rates:
            return None
        return amount * rates[code] / rates[to]

    def check(self) -> None:
        """Refuse currencies without a rate.

        Raises
        ------
        BadDataError
            Currencies have no rate; all currencies are listed.
        """
        if self.clashing:
            raise BadDataError(
                "the sales are in several currencies: {currencies}; give currency and rates for "
                '{missing}, or currency = "portal"',
                currencies=", ".join(sorted(self.currencies)),
                missing=", ".join(sorted(self._unknown())),
            )


def portal_rates(client: Client) -> Money:
    """Read the exchange rates of the portal.

    Raises
    ------
    BadDataError
        The portal names no base currency.
    """
    rows = rows_at(client.call("crm.currency.list").result, "", "crm.currency.list")
    base = ""
    rates: dict[str, Decimal] = {}
    for row in rows:
        code = str(row.get("CURRENCY") or "").upper()
        if as_bool(row.get("BASE")):
            base = code
            continue
        count = as_decimal(row.get("AMOUNT_CNT"), "AMOUNT_CNT") or Decimal(1)
        rate = as_decimal(row.get("AMOUNT"), "AMOUNT") / count
        if code and rate > 0:
            rates[code] = rate
    if not base:
        raise BadDataError(
            "the portal names no base currency; set one in the CRM settings or give rates in "
            "the job"
        )
    return Money(base, rates)
