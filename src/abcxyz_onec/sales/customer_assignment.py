"""Assignment of customers to lines of sales."""

from __future__ import annotations

import numpy as np

from abcxyz import Transactions
from abcxyz_onec.catalogs.customers import OTHER, Directory
from abcxyz_onec.sales.account import Account
from abcxyz_onec.sales.lines import LineColumns

__all__ = ["CustomerAssignment"]


class CustomerAssignment:
    """Give lines of sales the identifiers of their customers.

    Parameters
    ----------
    directory
        The customers.
    by_key
        Whether lines name a key of the register instead of the customer.
    metric
        As of the source.
    """

    def __init__(self, directory: Directory, *, by_key: bool, metric: str) -> None:
        self._directory, self._by_key, self._metric = directory, by_key, metric
        self._last_sale: dict[str, str] = {}
        self.met: set[str] = set()

    def transactions(self, columns: LineColumns, account: Account) -> Transactions:
        """Turn columns into transactions; lines without a customer go to the account."""
        tokens, inverse = np.unique(columns.token, return_inverse=True)
        placed = [self._place(str(token)) for token in tokens]
        ids = np.array([found for found, _ in placed], dtype=object)[inverse.reshape(-1)]
        good = np.array([not reason for _, reason in placed], dtype=bool)[inverse.reshape(-1)]
        for place, (_, reason) in enumerate(placed):
            if reason:
                those = inverse.reshape(-1) == place
                account.left_out(reason, int(those.sum()), float(columns.revenue[those].sum()))
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

    def _place(self, token: str) -> tuple[str, str]:
        if token == OTHER:
            return "", "other"
        reference = self._directory.keys.get(token, "") if self._by_key else token
        self.met.add(reference)
        if self._by_key:
            return self._directory.place_key(token or None)
        return self._directory.place(token or None)

    def _documents(
        self, ids: list[str], documents: list[str], counted: list[bool], money: list[float]
    ) -> list[str]:
        """Let what is no sale to 1C, such as a later correction of cost, count as none here.

        The core takes any document for a sale that is not below zero, so such lines go with the
        last sale of the customer.
        """
        out = []
        for who, document, sale, amount in zip(ids, documents, counted, money, strict=True):
            if sale:
                self._last_sale[who] = document
            joined = not sale and amount >= 0
            out.append(self._last_sale.get(who, document) if joined else document)
        return out
