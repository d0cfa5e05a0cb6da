"""Collector of what is learned from: money of every customer, order days of a sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Ints, freeze
from abcxyz.core.landmarks.orders.customer_sample import CustomerSample
from abcxyz.core.landmarks.orders.customer_sums import CustomerSums
from abcxyz.core.landmarks.orders.order_history import OrderHistory, OrderHistoryCollector
from abcxyz.core.landmarks.panel_source import money_edges
from abcxyz.core.sales.customer_numbers import CustomerNumbers
from abcxyz.core.sales.transactions import Transactions
from abcxyz.core.snapshots.settings import Settings

__all__ = ["MOST_SCORED", "CollectedSales", "LandmarkCollector"]

MOST_SCORED = 1 << 20
"""Customers up to whom probabilities are estimated unless all order days are wanted.

Sums and probabilities take half a kilobyte of each: of more, a memory limit could not be kept.
"""

_SURELY = 1.1  # a part of twenty thousand customers differs from its share by 1 %, not by ten


@frozen(kw_only=True, eq=False)
class CollectedSales:
    """Sales of n customers before a day.

    Parameters
    ----------
    customers
        (n,) identifiers; none where there were more than `MOST_SCORED`.
    span
        First and last day, counted from 1970-01-01; the last before the first without any.
    rows, sample
        (k,) rows of the customers that are learned from, and their order history.
    money
        Sums of all customers; None where *history* is not.
    history
        Order history of all customers; None where the sample does not hold all of them.
    """

    customers: npt.NDArray[Any]
    span: tuple[int, int]
    rows: Ints
    sample: OrderHistory
    money: CustomerSums | None
    history: OrderHistory | None


class LandmarkCollector:
    """Collector of the sales of the lookback, one batch at a time.

    Memory is about 250 bytes per customer, and 32 bytes per order day of the customers that are
    learned from. Past `MOST_SCORED` customers nothing is kept, whatever the order of the lines;
    where customers come in random parts, the first of them shows it.

    Parameters
    ----------
    settings
        Lookback, window and metric.
    as_of
        Sales from this day on are ignored.
    whole
        Whether to keep the order days of all customers, for a look at past days.
    """

    def __init__(self, settings: Settings, as_of: date, *, whole: bool = False) -> None:
        self._lookback, self._whole = settings.periods(as_of).lookback, whole
        edges = money_edges(settings, as_of)
        self._money = CustomerSums(edges, costs=settings.metric == "profit")
        self._days = OrderHistoryCollector(settings.metric)
        self._coder = CustomerNumbers(2 * len(edges))
        self._sample = CustomerSample()
        self._labels: npt.NDArray[Any] | None = None
        self._span = 0, -1
        self._too_many = False
        self._collected: CollectedSales | None = None

    def name(self, labels: npt.NDArray[Any]) -> None:
        """Set the identifiers of customers that will be added as positions in *labels*."""
        self._labels = labels
        self._days.name(labels)

    def watch(self, sales: Transactions | Iterable[Transactions]) -> Iterator[Transactions]:
        """Yield the batches unchanged, and add each."""
        for batch in [sales] if isinstance(sales, Transactions) else sales:
            self.add(batch)
            yield batch

    def add(self, batch: Transactions) -> None:
        """Add a batch of sales."""
        part = batch.within(self._lookback)
        if not len(part):
            return
        day = part.day.view(np.int64)
        first, last = int(day.min()), int(day.max())
        if self._span[0] <= self._span[1]:
            first, last = min(first, self._span[0]), max(last, self._span[1])
        self._span = first, last
        if self._whole:
            self._days.add(part)
            return
        if self._too_many:
            return
        code, low, shift = self._coder.code(part)
        size = self._coder.size
        self._money.grow(size, shift)
        self._money.add(code, low, day, part.amount, part.cost)
        self._sample.grow(size, shift)
        rows = code.astype(np.int64) - low if low else code
        fresh = self._sample.unknown(rows)
        if len(fresh):
            some = np.zeros(size, dtype=bool)
            some[fresh] = True
            self._sample.meet(fresh, self._named(self._coder.customers(some)))
            if size > MOST_SCORED and np.count_nonzero(self._sample.met) > MOST_SCORED:
                self._give_up()
                return
        chosen = self._sample.chosen[rows]
        self._days.add(part if chosen.all() else part.take(chosen))

    def foresee(self, share: float) -> None:
        """Give up already if the customers so far, a random *share* of all, are too many for it.

        The sums of a million customers take hundreds of megabytes, which a table past memory does
        not have.
        """
        if self._whole or self._too_many:
            return
        if np.count_nonzero(self._sample.met) > _SURELY * share * MOST_SCORED:
            self._give_up()

    def _give_up(self) -> None:
        self._too_many = True
        self._money = CustomerSums(self._money.edges)
        self._days = OrderHistoryCollector("revenue")
        self._coder, self._sample = CustomerNumbers(1), CustomerSample()
        self._labels = None

    def _named(self, customers: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return customers if self._labels is None else self._labels[customers]

    def close(self) -> CollectedSales:
        """Return what was collected."""
        if self._collected is None:
            self._collected = self._close_whole() if self._whole else self._close()
        return self._collected

    def _close_whole(self) -> CollectedSales:
        history = self._days.close()
        return CollectedSales(
            customers=history.customers,
            span=self._span,
            rows=np.arange(len(history)),
            sample=history,
            money=None,
            history=history,
        )

    def _close(self) -> CollectedSales:
        days = self._days.close()
        size = self._coder.size
        known, chosen = self._sample.met[:size], self._sample.chosen[:size]
        customers = self._named(self._coder.customers(known))
        rows = np.flatnonzero(chosen[known])
        sample = days
        if len(rows) < len(days):
            # Customers who were in the sample until others with smaller hashes came.
            left = set(customers[rows].tolist())
            sample = days.take(np.flatnonzero([who in left for who in days.customers.tolist()]))
        every = len(rows) == len(customers)
        return CollectedSales(
            customers=freeze(customers),
            span=self._span,
            rows=rows,
            sample=sample,
            money=None if every else self._money.close(known),
            history=sample if every else None,
        )
