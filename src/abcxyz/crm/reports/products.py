"""Products of deals: revenue, margin with its coverage, conversion."""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen

from abcxyz._arrays import Floats, Ints
from abcxyz.core.display import percent, plain_number
from abcxyz.core.dynamics.rate_interval import rate_interval
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.keys import run_starts
from abcxyz.crm.records.visits import LOST, OPEN, WON
from abcxyz.crm.reports.base import Report, Row, find
from abcxyz.toolkit.catalogue import text

__all__ = ["ProductRow", "ProductsReport", "products"]

_COVERAGE = 0.9


@frozen
class ProductRow(Row):
    """One product in the deals that were won in the window.

    Parameters
    ----------
    product
        The product.
    lines, quantity, amount
        Lines of won deals, their quantity and revenue. Returns are negative.
    cost, margin, margin_share
        Cost, and revenue less cost, over the lines that have a cost; share of their revenue.
    coverage
        Share of the revenue whose lines have a cost.
    won, decided, conversion, low, high
        Deals that hold the product: won, won or lost, and their share with its interval. A deal
        with several products counts in each.
    """

    product: str
    lines: int
    quantity: float
    amount: float
    cost: float
    margin: float
    margin_share: float
    coverage: float
    won: int
    decided: int
    conversion: float
    low: float
    high: float


@frozen
class ProductsReport(Report):
    """Result of `products`, the largest revenue first."""

    window: Window | None
    coverage: float
    products: tuple[ProductRow, ...]

    def rows(self) -> list[Row]:
        """Return the products."""
        return list(self.products)

    def __getitem__(self, product: str) -> ProductRow:
        """Return one product."""
        return find(self.products, product=product)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Products", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the product with the largest revenue, and how much of the margin is known."""
        if not self.products:
            return text("No product was sold in this window.", lang)
        lines = []
        if self.coverage < _COVERAGE:
            lines.append(
                text(
                    "Only {share} of the revenue has a cost; margins are of that part.",
                    lang,
                    share=percent(self.coverage, lang),
                )
            )
        best = self.products[0]
        lines.append(
            text(
                "{product} brings most: {money}, margin {margin}.",
                lang,
                product=best.product,
                money=plain_number(round(best.amount), lang),
                margin=percent(best.margin_share, lang),
            )
        )
        return " ".join(lines)


def products(crm: CrmData, window: Window | None = None) -> ProductsReport:
    """Report the products of the deals that were closed in a window.

    Parameters
    ----------
    crm
        The records; the table ``product_lines`` is needed.
    window
        Days of the closing, in the time zone of the business; None for all.

    Raises
    ------
    InputError
        No product lines, or deals with amounts in more than one currency.
    """
    lines = crm.need("lines")
    crm.single_amounts(required=True)
    row = crm.rows_of_deals(lines.deal)
    kind = crm.outcomes.kind
    closed = kind != OPEN
    if window is not None:
        closed &= crm.inside(crm.outcomes.closed, window)
    known = row >= 0
    won = known & closed[row] & (kind[row] == WON)
    count = len(lines.product.categories)
    amount = _filled(lines.amount, len(lines))
    cost = np.full(len(lines), np.nan) if lines.cost is None else lines.cost
    with_cost = won & ~np.isnan(cost)
    code = lines.product.codes
    sums = _sums(code, count, won, amount)
    covered = _sums(code, count, with_cost, amount)
    costs = _sums(code, count, with_cost, cost)
    quantity = _sums(code, count, won, _filled(lines.quantity, len(lines)))
    number = np.bincount(code[won], minlength=count)
    x, n = _deals(row, code, count, known & closed[row], kind)
    low, high = rate_interval(x, n)
    rows = [
        ProductRow(
            name,
            int(number[i]),
            float(quantity[i]),
            float(sums[i]),
            float(costs[i]),
            float(covered[i] - costs[i]),
            float((covered[i] - costs[i]) / covered[i]) if covered[i] else math.nan,
            float(covered[i] / sums[i]) if sums[i] else math.nan,
            int(x[i]),
            int(n[i]),
            int(x[i]) / int(n[i]) if n[i] else math.nan,
            float(low[i]),
            float(high[i]),
        )
        for i, name in enumerate(lines.product.categories)
        if number[i] or n[i]
    ]
    rows.sort(key=lambda one: (-one.amount, one.product))
    total = float(sums.sum())
    return ProductsReport(window, float(covered.sum()) / total if total else math.nan, tuple(rows))


def _filled(values: Floats | None, n: int) -> Floats:
    return np.full(n, np.nan) if values is None else values


def _sums(code: Ints, count: int, chosen: Ints, values: Floats) -> Floats:
    inside = chosen & ~np.isnan(values)
    sums: Floats = np.bincount(code[inside], values[inside], minlength=count).astype(
        np.float64, copy=False
    )
    return sums


def _deals(row: Ints, code: Ints, count: int, chosen: Ints, kind: Ints) -> tuple[Ints, Ints]:
    """Count the won and the decided deals that hold each product, each deal once."""
    pairs = np.sort(row[chosen] * count + code[chosen])
    pairs = pairs[run_starts(pairs)]
    deal, product = pairs // count, pairs % count
    won = np.bincount(product[kind[deal] == WON], minlength=count)
    lost = np.bincount(product[kind[deal] == LOST], minlength=count)
    return won, won + lost
