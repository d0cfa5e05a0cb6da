"""Paid orders of a web shop, out of its export in JSON lines."""

import json
from datetime import date
from pathlib import Path

from abcxyz import Transactions
from abcxyz.errors import BadDataError
from abcxyz.plugins import hookimpl


class Orders:
    def __init__(self, path: Path, *, status: str = "paid"):
        self.path, self.status = path, status

    def transactions(self, window):
        customers, days, totals = [], [], []
        with self.path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    order = json.loads(line)
                    if order["status"] == self.status:
                        days.append(date.fromisoformat(order["date"][:10]))
                        customers.append(order["client"])
                        totals.append(order["total"])
                except (ValueError, KeyError) as problem:
                    raise BadDataError("line {n} is no order", n=number) from problem
        yield Transactions(customers, days, totals).within(window)


@hookimpl
def abcxyz_sources():
    return {"orders": Orders}
