"""Panel: sales aggregated per customer and period bucket, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import evolve, field, frozen

from abcxyz._arrays import SAME_ARRAYS, Days, Floats, Ints, Numbers
from abcxyz.core.display import Tabular, brief, html_table
from abcxyz.core.exact_sums import BLOCK
from abcxyz.core.sales.accumulate import RunningSums
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.customer_numbers import CustomerNumbers
from abcxyz.core.sales.rhythm import OrderDays, Rhythm
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError
from abcxyz.loops.threads import run_blocks
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.numbers import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METRICS", "Panel", "aggregate", "aggregate_all"]

METRICS = ("revenue", "profit", "count")
"""Metrics of a customer's value: amounts, amounts less cost, or number of sales documents."""


@frozen(kw_only=True)
class Panel(Tabular):
    """Panel data: a table of n customers by p buckets.

    Parameters
    ----------
    customers
        (n,) identifiers, each once: integers ascending, labelled ones in the order of their
        labels, others in order of appearance.
    periods
        The window and its buckets.
    metric
        The aggregated metric, one of `METRICS`.
    value
        (n,) the metric over the window; NaN without sales in it.
    sales
        (n, p) the metric per bucket; a row of NaN without sales in any bucket.
    orders
        (n,) number of sales documents in the window; returns do not count.
    first_day, last_day
        (n,) days of the first and the last sale in the lookback, without returns; NaT without one.
    rhythm
        Gaps between the order days in the lookback; None if they were not collected.
    earlier
        Panel of the window before this one, for a comparison; None if it was not aggregated. Its
        customers are some of this panel's, in another order.
    first_sale
        Day of the first sale of all, where the panel holds some of the customers; None is that of
        its own customers.
    """

    __hash__ = None  # type: ignore[assignment]

    customers: npt.NDArray[Any] = field(eq=SAME_ARRAYS)
    periods: Periods
    metric: str
    value: Numbers = field(eq=SAME_ARRAYS)
    sales: Numbers = field(eq=SAME_ARRAYS)
    orders: Ints = field(eq=SAME_ARRAYS)
    first_day: Days = field(eq=SAME_ARRAYS)
    last_day: Days = field(eq=SAME_ARRAYS)
    rhythm: Rhythm | None = None
    earlier: Panel | None = field(default=None, eq=False, repr=False)
    first_sale: date | None = field(default=None, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        for column in (self.value, self.sales):
            if column.dtype.kind == "f" and _has_infinite(column):
                place = int(np.argwhere(np.isinf(column))[0][0])
                raise InputError(
                    "the sales of customer {customer!r} add up beyond what a number can hold; "
                    "pass them in a larger unit",
                    customer=self.customers[place],
                )

    def __len__(self) -> int:
        return len(self.customers)

    def __repr__(self) -> str:
        buckets = f"{self.periods.count} buckets of a {self.periods.bucket}"
        customers = f"{len(self):,} customers"
        return brief(self, customers, str(self.periods.window), buckets, self.metric)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per customer, one column per bucket's first day."""
        import pandas as pd

        buckets = [day.isoformat() for day in self.periods.edges[:-1]]
        frame = pd.DataFrame(self.sales, columns=buckets)
        frame.insert(0, "customer", self.customers)
        return frame.assign(
            value=self.value, orders=self.orders, first_day=self.first_day, last_day=self.last_day
        )

    def to_html(self, lang: str = "en") -> str:
        """Return the size of the panel as a table in HTML."""
        facts = {
            text("customers", lang): number(len(self), lang),
            text("window", lang): str(self.periods.window),
            text("sub-periods", lang): f"{self.periods.count} ({text(self.periods.bucket, lang)})",
            text("metric", lang): text(self.metric, lang),
            text("orders", lang): number(int(self.orders.sum()), lang),
        }
        return html_table(text("Sales by customer", lang), list(facts), [list(facts.values())])


def _has_infinite(column: Floats) -> bool:
    """Return whether a number is infinite, block by block: a mask of all takes hundreds of MB."""
    flat = np.ravel(column, order="K")

    def part(rows: slice) -> bool:
        starts = range(rows.start, rows.stop, BLOCK)
        return any(np.isinf(flat[at : min(at + BLOCK, rows.stop)]).any() for at in starts)

    return any(run_blocks(len(flat), BLOCK, part))


def aggregate(
    batches: Transactions | Iterable[Transactions],
    periods: Periods,
    *,
    metric: str = "revenue",
    rhythm: bool = False,
    document_spans_days: bool = False,
    earlier: Periods | None = None,
) -> Panel:
    """Aggregate sales per customer and bucket.

    Parameters
    ----------
    batches
        Sales in any order: all lines at once, or batches, read one at a time. Lines outside the
        lookback of *periods* are ignored. Lines inside it and outside the buckets add nothing,
        but their customers are known.
    periods
        The window, its buckets, and the lookback.
    metric
        ``revenue``: amounts. ``profit``: amounts less cost. ``count``: sales documents; one whose
        lines add up to less than zero is a return and counts 0; a line without a document
        counts 1.
    rhythm
        Whether to collect the gaps between each customer's order days, which show late
        customers; 8 bytes per order day.
    document_spans_days
        Whether the lines of one document may have different days. By default a document is
        identified by customer, number and day; with this option by customer and number, and it
        belongs to the day of its first line.
    earlier
        The window before that of *periods*, to aggregate in the same pass for a comparison; only
        sales in the lookback count. None for no `Panel.earlier`.

    Returns
    -------
    Panel

    Raises
    ------
    InputError
        Unknown metric, no cost for the metric profit, integer sums beyond 64 bits.

    Notes
    -----
    Memory is bounded by customers x buckets, and by 32 bytes per document if there are documents,
    because their lines may be in different batches. Integer ids with gaps also need memory for
    the gaps, up to 4 ids per line of a batch, or 16 within 1 GiB. Integer amounts (kopecks) add
    up exactly. Many lines at once are added up by `abcxyz.fast`, with the same result.

    Examples
    --------
    >>> from datetime import date
    >>> sales = Transactions([7, 9, 7], [date(2026, 1, 5), date(2025, 12, 1), date(2026, 2, 5)],
    ...                      [100, 50, 25])
    >>> panel = aggregate([sales], Periods.parse("2M", date(2026, 3, 1)))
    >>> panel.customers.tolist(), panel.value.tolist(), panel.sales.tolist()
    ([7, 9], [125.0, nan], [[100.0, 25.0], [nan, nan]])
    """
    if metric not in METRICS:
        raise InputError(
            "the metric {metric!r} is unknown; use one of {known}",
            metric=metric,
            known=", ".join(METRICS),
        )
    if isinstance(batches, Transactions):
        # Loaded on use, because the room of compiled code imports this one.
        from abcxyz.fast.grid import fast_panel

        panel = fast_panel(batches, periods, metric=metric, rhythm=rhythm)
        if panel is not None:
            if earlier is None:
                return panel
            past = aggregate(batches.within(earlier.lookback), earlier, metric=metric)
            return evolve(panel, earlier=past)
    sums = PanelSums(periods, (metric,), rhythm=rhythm, document_spans_days=document_spans_days)
    before = (
        None
        if earlier is None
        else PanelSums(earlier, (metric,), document_spans_days=document_spans_days)
    )
    for batch in [batches] if isinstance(batches, Transactions) else batches:
        sums.add(batch)
        if before is not None:
            before.add(batch)
    (panel,) = sums.close()
    return panel if before is None else evolve(panel, earlier=before.close()[0])


def aggregate_all(
    batches: Transactions | Iterable[Transactions],
    periods: Periods,
    metrics: Iterable[str],
    *,
    rhythm: bool = False,
    document_spans_days: bool = False,
) -> tuple[Panel, ...]:
    """Aggregate several metrics in one pass: `METRICS`, and ``lines``, the number of lines.

    Only the first panel has a rhythm. For ``lines``, first and last days include returns.
    """
    sums = PanelSums(periods, metrics, rhythm=rhythm, document_spans_days=document_spans_days)
    for batch in [batches] if isinstance(batches, Transactions) else batches:
        sums.add(batch)
    return sums.close()


class PanelSums:
    """Running sums of one or several metrics, from which panels are made.

    Parameters
    ----------
    periods, metrics, rhythm, document_spans_days
        As in `aggregate_all`.
    """

    def __init__(
        self,
        periods: Periods,
        metrics: Iterable[str],
        *,
        rhythm: bool = False,
        document_spans_days: bool = False,
    ) -> None:
        self._lookback, self._coder = periods.lookback, CustomerNumbers(periods.count)
        start = periods.edges[0]
        back = (periods.lookback.since - start).days, (periods.lookback.until - start).days
        order_days = OrderDays(back) if rhythm else None
        self._sums = [
            RunningSums(
                periods,
                metric,
                order_days if place == 0 else None,
                document_spans_days=document_spans_days,
            )
            for place, metric in enumerate(metrics)
        ]

    def add(self, batch: Transactions) -> None:
        """Add a batch of sales; those outside the lookback are ignored."""
        part = batch.within(self._lookback)
        if len(part):
            code, low, shift = self._coder.code(part)
            for one in self._sums:
                one.add(code, low, self._coder.size, shift, part)

    def close(self) -> tuple[Panel, ...]:
        """Return the panels, one for each metric."""
        return tuple(Panel(**one.close(self._coder)) for one in self._sums)
