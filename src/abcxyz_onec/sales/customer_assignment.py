"""Assignment of customer identifiers to lines of sales."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz import Transactions
from abcxyz_onec.catalogs.customers import OTHER, Directory
from abcxyz_onec.sales.account import Account
from abcxyz_onec.sales.lines import REFERENCE, LineColumns

__all__ = ["CustomerAssignment"]

#: The core takes a line with a negative amount for a return; this one is lost in every sum.
_NO_SALE = -5e-324


@frozen(eq=False)
class _Sales:
    """Lines of identified customers, as columns."""

    customer: npt.NDArray[Any]
    day: npt.NDArray[np.datetime64]
    revenue: npt.NDArray[np.float64]
    cost: npt.NDArray[np.float64]
    document: npt.NDArray[Any]


class CustomerAssignment:
    """Turns lines of sales into transactions with identifiers of customers.

    Parameters
    ----------
    directory
        The customers.
    by_key
        Whether lines refer to a key of the register instead of the customer.
    metric
        As in the source.
    by_documents
        Whether columns hold sums of a sub-period, and documents in it without amounts.
    """

    def __init__(
        self, directory: Directory, *, by_key: bool, metric: str, by_documents: bool = False
    ) -> None:
        self._directory, self._by_key, self._metric = directory, by_key, metric
        self._by_documents = by_documents
        self._last_sale: dict[str, str] = {}
        self.customers: set[str] = set()

    def transactions(self, columns: LineColumns, account: Account) -> Transactions:
        """Turn columns into transactions; lines without a customer are counted in *account*."""
        tokens, inverse = np.unique(columns.token, return_inverse=True)
        assigned = [self._identify(str(token)) for token in tokens]
        ids = np.array([name for name, _ in assigned], dtype=object)[inverse.reshape(-1)]
        good = np.array([not reason for _, reason in assigned], dtype=bool)[inverse.reshape(-1)]
        dated = columns.document != ""
        lines = ~dated if self._by_documents else np.ones(len(columns), dtype=bool)
        for index, (_, reason) in enumerate(assigned):
            if reason:
                rows = lines & (inverse.reshape(-1) == index)
                account.left_out(reason, int(rows.sum()), float(columns.revenue[rows].sum()))
        account.rows(int(lines.sum()), int((good & lines).sum()))
        if not good.any():
            return Transactions([], [], [])
        sales = _Sales(
            ids[good],
            columns.day[good],
            columns.revenue[good],
            columns.cost[good],
            columns.document[good],
        )
        if self._by_documents:
            sales = self._dated_by_documents(sales)
        elif not dated.any():
            account.note_sums(len(sales.customer))
        else:
            sales = self._count_as_1c(sales, columns.counted[good].tolist())
        return Transactions(
            sales.customer,
            sales.day,
            sales.revenue,
            sales.cost if self._metric == "profit" else None,
            sales.document if sales.document.astype(bool).all() else None,
        )

    def _identify(self, token: str) -> tuple[str, str]:
        if token == OTHER:
            return "", "other"
        if token.startswith(REFERENCE):
            return self._directory.identify(token.removeprefix(REFERENCE))
        reference = self._directory.keys.get(token, "") if self._by_key else token
        self.customers.add(reference)
        if self._by_key:
            return self._directory.identify_key(token or None)
        return self._directory.identify(token or None)

    def _count_as_1c(self, sales: _Sales, counted: list[bool]) -> _Sales:
        """Replace documents that 1C does not count as sales, such as later corrections of cost.

        The core counts every document with an amount of zero or more as a sale on its day. Such
        a line gets the last sales document of the customer, and without money it is no sale.
        """
        documents, money = [], sales.revenue.copy()
        columns = (sales.customer.tolist(), sales.document.tolist(), counted, money.tolist())
        for place, (who, document, sale, amount) in enumerate(zip(*columns, strict=True)):
            if sale:
                self._last_sale[who] = document
            elif not amount:
                money[place] = _NO_SALE
            joined = not sale and amount > 0
            documents.append(self._last_sale.get(who, document) if joined else document)
        return attrs.evolve(sales, revenue=money, document=np.array(documents, dtype=object))

    def _dated_by_documents(self, sales: _Sales) -> _Sales:
        """Put the sum of a sub-period on the customer's first document in it.

        Documents of customers without a sum, such as shipments before the change of ownership,
        are no sales. A negative sum remains as a return, which the core counts as no sale.
        """
        sums: dict[str, list[float]] = {}
        documents: defaultdict[str, list[tuple[date, str]]] = defaultdict(list)
        start = sales.day.min().item()
        columns = (each.tolist() for each in attrs.astuple(sales, recurse=False))
        for who, day, revenue, cost, document in zip(*columns, strict=True):
            if document:
                documents[who].append((day, document))
            else:
                sums.setdefault(who, [0.0, 0.0])
                sums[who][0] += revenue
                sums[who][1] += cost
        rows: list[tuple[str, date, float, float, str]] = []
        for who, (revenue, cost) in sums.items():
            dated = sorted(documents.get(who, ()))
            if dated:
                self._last_sale[who] = dated[-1][1]
            if dated and revenue >= 0:
                first, document = dated.pop(0)
                rows.append((who, first, revenue, cost, document))
            elif revenue > 0 or not (revenue or cost):
                document = self._last_sale.get(who, f"{who} {start}")
                rows.append((who, start, revenue, cost, document))
            else:
                rows.append((who, start, revenue or _NO_SALE, cost, f"{who} {start}"))
            rows += [(who, day, 0.0, 0.0, document) for day, document in dated]
        customer, days, money, spent, numbers = zip(*rows, strict=True) if rows else [()] * 5
        return _Sales(
            np.array(customer, dtype=object),
            np.array(days, dtype="M8[D]"),
            np.array(money, dtype=float),
            np.array(spent, dtype=float),
            np.array(numbers, dtype=object),
        )
