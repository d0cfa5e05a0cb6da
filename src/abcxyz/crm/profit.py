"""Profit of a change: from counts and rates before and after to money, exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from numbers import Rational
from types import MappingProxyType
from typing import Any

from attrs import frozen

from abcxyz.core.decomposition.rate_mix import rate_and_mix
from abcxyz.core.display import plain_number
from abcxyz.crm.reports.base import Report, Row
from abcxyz.crm.statistics.proportions import newcombe_interval
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import text

__all__ = ["ChangeLine", "ChangeOfProfit", "LineProfit", "profit_of_change"]

Number = Any
"""int, float, Decimal or Fraction; exact kinds give exact results."""


def _exact(value: Number, name: str) -> Number:
    """Check a number; decimals become fractions, so that exact input stays exact."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, Rational)):
        raise InputError(
            "{name} is {value!r}; give a number, such as 0.30", name=name, value=value
        )
    if value != value or value in (float("inf"), float("-inf")):
        raise InputError("{name} is {value}; give a finite number", name=name, value=value)
    return Fraction(value) if isinstance(value, Decimal) else value


def _pair(value: Number, name: str) -> tuple[Number, Number]:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise InputError(
            "{name} is {value!r}; give two numbers, before and after", name=name, value=value
        )
    return _exact(value[0], name), _exact(value[1], name)


_CONVERT: Mapping[str, Callable[[Number, str], Any]] = MappingProxyType(
    {"entered": _pair, "rate": _pair, "then": _exact, "cheque": _exact, "margin": _exact}
)


@frozen
class ChangeLine:
    """One step of the sale before and after a change.

    Parameters
    ----------
    name
        Name of the step or of the product line.
    entered
        How many deals came to the step in a period, before and after.
    rate
        Share of them that passed it, before and after.
    then
        Share of those that passed that buy.
    cheque
        Average amount of a won deal.
    margin
        Share of the amount that is profit.
    currency
        Currency of the cheque.
    counted
        Whether *entered* are counts of deals, so that the rates have an interval.
    interval
        95 % interval of the difference of the rates, where a better one than that of the counts
        is known, such as that of a rate effect.
    """

    name: str
    entered: tuple[Number, Number]
    rate: tuple[Number, Number]
    then: Number = 1
    cheque: Number = 1
    margin: Number = 1
    currency: str = ""
    counted: bool = True
    interval: tuple[float, float] | None = None

    def __attrs_post_init__(self) -> None:
        for name, convert in _CONVERT.items():
            object.__setattr__(self, name, convert(getattr(self, name), name))
        for name, values in (("rate", self.rate), ("then", (self.then,))):
            for value in values:
                if not 0 <= value <= 1:
                    raise InputError(
                        "{line}: {name} is {value}; a share is between 0 and 1, so write 35% as "
                        "0.35",
                        line=self.name,
                        name=name,
                        value=value,
                    )
        if not 0 <= self.margin <= 1:
            raise InputError(
                "{line}: the margin is {value}; it is a share between 0 and 1, so write "
                "{percent}% as {share}",
                line=self.name,
                value=self.margin,
                percent=self.margin,
                share=f"{float(self.margin) / 100:.2f}",
            )
        for name, numbers in (("entered", self.entered), ("cheque", (self.cheque,))):
            for value in numbers:
                if value < 0:
                    raise InputError(
                        "{line}: {name} is {value}; it cannot be negative",
                        line=self.name,
                        name=name,
                        value=value,
                    )


@frozen
class LineProfit(Row):
    """Profit of one line; sales are not rounded.

    Parameters
    ----------
    name
        Name of the line.
    reached
        Deals that passed, before and after.
    extra_reached, relative_growth_of_reached
        Their difference, and the same relative to before; None from nothing.
    extra_sales, extra_revenue, extra_profit
        Additional sales, revenue and profit of a period, before costs of the change.
    of_it_by_volume, of_it_by_rate
        Parts of the profit that more deals, and a better rate, brought; they add up.
    by_rate_at_the_new_volume
        Profit of the better rate alone at the new number of deals.
    difference_low, difference_high
        95 % interval of the difference of the rates (Newcombe).
    profit_low, profit_high
        The same carried through to the profit by rate, the volume part added.
    proven
        Whether the interval of the rates excludes no change.
    """

    name: str
    reached: tuple[Number, Number]
    extra_reached: Number
    relative_growth_of_reached: Number
    extra_sales: Number
    extra_revenue: Number
    extra_profit: Number
    of_it_by_volume: Number
    of_it_by_rate: Number
    by_rate_at_the_new_volume: Number
    difference_low: float
    difference_high: float
    profit_low: float
    profit_high: float
    proven: bool


@frozen
class Conversion(Row):
    """Conversion over all lines, and the parts of its change: better rates, and another mix."""

    before: Number
    after: Number
    difference: Number
    rate_effect: Number
    mix_effect: Number


@frozen
class ChangeOfProfit(Report):
    """Result of `profit_of_change`.

    Parameters
    ----------
    lines
        Profit of every line.
    extra_profit
        Additional profit of a period over all lines, costs of the change deducted.
    cost
        Costs of the change in a period.
    currency, period
        As passed.
    conversion
        Conversion over all lines; None where nobody entered.
    """

    lines: tuple[LineProfit, ...]
    extra_profit: Number
    cost: Number
    cost_given: bool
    currency: str
    period: str
    conversion: Conversion | None

    def rows(self) -> list[Row]:
        """Return the lines."""
        return list(self.lines)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Profit of the change", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the profit, its parts, and whether the change of the rates is shown."""
        by_rate = sum((one.of_it_by_rate for one in self.lines), 0)
        by_volume = sum((one.of_it_by_volume for one in self.lines), 0)
        money = f" {self.currency}" if self.currency else ""
        lines = [
            text(
                "Additional profit: {profit}{money}, of it {rate} by better rates and {volume} by "
                "more deals.",
                lang,
                profit=plain_number(float(self.extra_profit), lang),
                money=money,
                rate=plain_number(float(by_rate), lang),
                volume=plain_number(float(by_volume), lang),
            )
        ]
        if not self.cost_given:
            lines.append(text("Costs of the change are not deducted.", lang))
        unproven = [one.name for one in self.lines if not one.proven and one.of_it_by_rate]
        if unproven:
            lines.append(
                text(
                    "With these numbers of deals a change of the rate is not shown: {names}.",
                    lang,
                    names=", ".join(unproven),
                )
            )
        return " ".join(lines)


def profit_of_change(
    lines: Sequence[ChangeLine],
    *,
    currency: str | None = None,
    period: str | None = None,
    cost: Number | None = None,
) -> ChangeOfProfit:
    """Compute what a change of counts and rates brings.

    Parameters
    ----------
    lines
        Steps or product lines, before and after.
    currency
        Currency of all lines that do not name one.
    period
        What *entered* counts in, such as ``month``.
    cost
        Costs of the change in a period; None leaves them out and says so.

    Returns
    -------
    ChangeOfProfit

    Raises
    ------
    InputError
        No line, lines in different currencies, or a share or count out of range.

    Notes
    -----
    With n deals and rate r: ``extra = n1 r1 - n0 r0``, split symmetrically into
    ``(n1 - n0)(r0 + r1) / 2`` by volume and ``(r1 - r0)(n0 + n1) / 2`` by rate. The parts of the
    conversion over all lines are those of Kitagawa (1955).

    Examples
    --------
    >>> result = profit_of_change([ChangeLine("visits", entered=(100, 100), rate=(0.20, 0.35),
    ...                                       then=0.5, cheque=1000, margin=0.30)])
    >>> round(result.extra_profit, 9), round(result.lines[0].extra_sales, 9)
    (2250.0, 7.5)
    """
    if not lines:
        raise InputError("no line of a change is given; give at least one")
    currencies = {line.currency or currency or "" for line in lines}
    if len(currencies) > 1:
        raise InputError(
            "the lines are in different currencies ({names}); convert the cheques into one",
            names=", ".join(sorted(one or "none" for one in currencies)),
        )
    profits = tuple(_line(line) for line in lines)
    spent = 0 if cost is None else _exact(cost, "cost")
    total = sum((one.extra_profit for one in profits), 0) - spent
    return ChangeOfProfit(
        profits, total, spent, cost is not None, currencies.pop(), period or "", _conversion(lines)
    )


def _line(line: ChangeLine) -> LineProfit:
    (n0, n1), (r0, r1) = line.entered, line.rate
    unit = line.then * line.cheque * line.margin
    reached = n0 * r0, n1 * r1
    extra = reached[1] - reached[0]
    volume = (n1 - n0) * (r0 + r1) / _two(n0, r0) * unit
    rate = (r1 - r0) * (n0 + n1) / _two(n0, r0) * unit
    low = high = money_low = money_high = float("nan")
    if line.interval is not None or (line.counted and n0 > 0 and n1 > 0):
        low, high = line.interval or _newcombe(reached, (n0, n1))
        weight = float((n0 + n1) / _two(n0, r0) * unit)
        money_low, money_high = low * weight + float(volume), high * weight + float(volume)
    return LineProfit(
        line.name,
        reached,
        extra,
        extra / _fraction(reached[0]) if reached[0] else None,
        extra * line.then,
        extra * line.then * line.cheque,
        extra * unit,
        volume,
        rate,
        (r1 - r0) * n1 * unit,
        low,
        high,
        money_low,
        money_high,
        bool(low > 0 or high < 0),
    )


def _newcombe(
    reached: tuple[Number, Number], entered: tuple[Number, Number]
) -> tuple[float, float]:
    low, high = newcombe_interval(
        float(reached[1]), float(entered[1]), float(reached[0]), float(entered[0])
    )
    return float(low), float(high)


def _fraction(value: Number) -> Number:
    """Return a divisor that keeps whole numbers exact."""
    return Fraction(value) if isinstance(value, int) else value


def _two(*like: Number) -> Number:
    return 2.0 if any(isinstance(one, float) for one in like) else Fraction(2)


def _conversion(lines: Sequence[ChangeLine]) -> Conversion | None:
    before = sum((line.entered[0] for line in lines), 0)
    after = sum((line.entered[1] for line in lines), 0)
    if not before or not after:
        return None
    parts = rate_and_mix(
        [line.entered[0] * line.rate[0] for line in lines],
        [line.entered[0] for line in lines],
        [line.entered[1] * line.rate[1] for line in lines],
        [line.entered[1] for line in lines],
    )
    return Conversion(
        parts.before, parts.after, parts.difference, parts.rate.sum(), parts.mix.sum()
    )
