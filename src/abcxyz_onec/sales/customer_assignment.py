"""Assignment of customer identifiers to lines of sales."""

from __future__ import annotations

import numpy as np

from abcxyz import Transactions
from abcxyz_onec.catalogs.customers import OTHER, Directory
from abcxyz_onec.sales.account import Account
from abcxyz_onec.sales.lines import LineColumns

__all__ = ["CustomerAssignment"]


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
    """

    def __init__(self, directory: Directory, *, by_key: bool, metric: str) -> None:
        self._directory, self._by_key, self._metric = directory, by_key, metric
        self._last_sale: dict[str, str] = {}
        self.customers: set[str] = set()

    def transactions(self, columns: LineColumns, account: Account) -> Transactions:
        """Turn columns into transactions; lines without a customer are counted in *account*."""
        tokens, inverse = np.unique(columns.token, return_inverse=True)
        assigned = [self._identify(str(token)) for token in tokens]
        ids = np.array([name for name, _ in assigned], dtype=object)[inverse.reshape(-1)]
        good = np.array([not reason for _, reason in assigned], dtype=bool)[inverse.reshape(-1)]
        for index, (_, reason) in enumerate(assigned):
            if reason:
                rows = inverse.reshape(-1) == index
                account.left_out(reason, int(rows.sum()), float(columns.revenue[rows].sum()))
        account.rows(len(columns), int(good.sum()))
        if not good.any():
            return Transactions([], [], [])
        customer = ids[good]
        documents = None
        if columns.document[good].astype(bool).all():
            documents = self._documents(
                customer.tolist(),
                columns.document[good].tolist(),
                columns.counted[good].tolist(),
                columns.revenue[good].tolist(),
            )
        return Transactions(
            customer,
            columns.day[good],
            columns.revenue[good],
            columns.cost[good] if self._metric == "profit" else None,
            documents,
        )

    def _identify(self, token: str) -> tuple[str, str]:
        if token == OTHER:
            return "", "other"
        reference = self._directory.keys.get(token, "") if self._by_key else token
        self.customers.add(reference)
        if self._by_key:
            return self._directory.identify_key(token or None)
        return self._directory.identify(token or None)

    def _documents(
        self, ids: list[str], documents: list[str], counted: list[bool], money: list[float]
    ) -> list[str]:
        """Replace documents that 1C does not count as sales, such as later corrections of cost.

        The core counts every document with an amount of zero or more as a sale, so such lines get
        the last sales document of the customer.
        """
        out = []
        for who, document, sale, amount in zip(ids, documents, counted, money, strict=True):
            if sale:
                self._last_sale[who] = document
            joined = not sale and amount >= 0
            out.append(self._last_sale.get(who, document) if joined else document)
        return out
