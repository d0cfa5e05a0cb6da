"""Change of the revenue between two windows: its parts as a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Floats
from abcxyz.core.classes.segments import ABC
from abcxyz.core.display import Drawable, Tabular, html_table, percent, plain_number
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import as_days
from abcxyz.toolkit.catalogue import text

if TYPE_CHECKING:
    import pandas as pd


__all__ = ["CustomerChange", "PricedLines", "SalesChange", "SalesPart"]


@frozen
class SalesPart:
    """One part of the change of the revenue.

    Parameters
    ----------
    split
        Way in which the change is split: ``customers``, ``segments``, ``orders`` or ``prices``.
        The parts of each split add up to the whole change, to the kopeck.
    part
        Name of the part.
    count
        Number of customers, orders or products of the part; -1 where nothing is counted.
    difference
        Money of the part.
    """

    split: str
    part: str
    count: int
    difference: float

    def name(self, lang: str = "en") -> str:
        """Return the name of the part in a language."""
        return self.part if self.part in ABC else text(_SALES_PARTS[self.part], lang)


@frozen
class CustomerChange:
    """A customer whose revenue changed much: its revenue before and after."""

    customer: Any
    before: float
    after: float
    difference: float


def _floats(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)


@frozen(eq=False)
class PricedLines:
    """Lines of sales with products and quantities, for the split into price and quantity.

    Parameters
    ----------
    product
        (n,) product.
    day
        (n,) dates.
    quantity
        (n,) quantity, NaN where unknown.
    amount
        (n,) money.
    """

    product: Any = field(converter=np.asarray)
    day: Any = field(converter=as_days)
    quantity: Floats = field(converter=_floats, eq=SAME_ARRAYS)
    amount: Floats = field(converter=_floats, eq=SAME_ARRAYS)


@frozen
class SalesChange(Drawable, Tabular):
    """Result of `why_sales`.

    Parameters
    ----------
    before, after
        The windows.
    revenue_before, revenue_after, difference
        Revenue of each, and its change.
    customers_before, customers_after, orders_before, orders_after
        Numbers of customers and orders.
    parts
        Parts of the change, by split.
    customers
        Customers with the largest changes.
    """

    before: Window
    after: Window
    revenue_before: float
    revenue_after: float
    difference: float
    customers_before: int
    customers_after: int
    orders_before: int
    orders_after: int
    parts: tuple[SalesPart, ...]
    customers: tuple[CustomerChange, ...]

    def split(self, name: str) -> dict[str, float]:
        """Return the parts of one split: name of the part -> money."""
        return {one.part: one.difference for one in self.parts if one.split == name}

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        result = {one.name: getattr(self, one.name) for one in attrs.fields(type(self))}
        for which in ("before", "after"):
            window = result[which]
            result[which] = [window.since.isoformat(), window.last.isoformat()]
        result["parts"] = [attrs.asdict(one) for one in self.parts]
        result["customers"] = [
            attrs.asdict(one) | {"customer": str(one.customer)} for one in self.customers
        ]
        return result

    def names(self, lang: str = "en") -> dict[str, str]:
        """Return the names of the splits and of their parts in a language."""
        return {key: text(name, lang) for key, name in (_SALES_SPLITS | _SALES_PARTS).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return the parts as a pandas data frame."""
        import pandas as pd

        return pd.DataFrame([attrs.asdict(one) for one in self.parts])

    def table(self, lang: str = "en") -> tuple[list[str], list[list[str]]]:
        """Return the headings and the cells of the table of parts."""
        heads = [text(one, lang) for one in ("Split", "Part", "Count", "Difference")]
        rows = [
            [
                text(_SALES_SPLITS[one.split], lang),
                one.name(lang),
                "" if one.count < 0 else plain_number(one.count, lang),
                plain_number(one.difference, lang),
            ]
            for one in self.parts
        ]
        return heads, rows

    def _repr_html_(self) -> str:
        """Return the waterfalls and the table, for a notebook."""
        return f"{self.plot()}{self.to_html()}"

    def to_html(self, lang: str = "en") -> str:
        """Return the parts as a table in HTML."""
        return html_table(text("Why the revenue changed", lang), *self.table(lang))

    def explain(self, lang: str = "en") -> str:
        """Return the change and its parts in sentences."""
        lines = [
            text(
                "Revenue changed from {before} to {after}: {difference} ({share}).",
                lang,
                before=plain_number(self.revenue_before, lang),
                after=plain_number(self.revenue_after, lang),
                difference=plain_number(self.difference, lang),
                share=percent(self.difference / self.revenue_before, lang)
                if self.revenue_before
                else "–",
            )
        ]
        for split, name in _SALES_SPLITS.items():
            parts = [one for one in self.parts if one.split == split]
            if parts:
                lines.append(
                    f"{text(name, lang)}: "
                    + ", ".join(
                        f"{one.name(lang)} {plain_number(one.difference, lang)}" for one in parts
                    )
                    + "."
                )
        lines.append(text("These parts are arithmetic; they do not show a cause.", lang))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.explain()


_SALES_SPLITS = {
    "customers": "By customers",
    "segments": "By segments",
    "orders": "By orders",
    "prices": "By price and quantity",
}
_SALES_PARTS = {
    "gone": "customers gone",
    "new": "new customers",
    "grown": "customers who bought more",
    "shrunk": "customers who bought less",
    "unchanged": "customers who bought the same",
    "number_of_customers": "number of customers",
    "segment_mix": "mix of the segments",
    "number_of_orders": "number of orders",
    "average_order": "average order",
    "price": "price",
    "quantity": "quantity",
    "products_gone": "products no longer sold",
    "products_new": "new products",
    "without_quantity": "lines without a quantity",
}
