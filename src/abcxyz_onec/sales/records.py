"""Sales from the flat records of a register: day and document of every line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from attrs import frozen

from abcxyz_onec.odata.answers import as_datetime, as_decimal
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.paging import is_current, windows
from abcxyz_onec.odata.query import Query, both
from abcxyz_onec.profiles.schema import Register
from abcxyz_onec.sales.lines import Line, Party, Sums
from abcxyz_onec.sales.reader import Part

__all__ = ["Records"]


@frozen
class Records:
    """Reader of the flat records of a register: day and document of every line.

    With *single_recorder* the register has one type of recorder, so records do not name it.
    """

    register: Register
    party: Party
    metric: str
    single_recorder: bool = False

    parts = ("records",)

    @property
    def query(self) -> Query:
        """Query without the window."""
        register = self.register
        cost = register.cost if self.metric == "profit" else ()
        recorder = ("Recorder_Key",) if self.single_recorder else ("Recorder", "Recorder_Type")
        order = ("Period", *recorder, "LineNumber")
        return Query(
            register.flat,
            (*order, *self.party.fields, *register.revenue, *cost),
            both("Active eq true", register.where),
            order,
        )

    def queries(self) -> list[Query]:
        """Return the query, without dates, to check the names in it."""
        return [self.query]

    def read(self, client: Client, _part: str, since: date, until: date, /) -> Iterator[Part]:
        """Yield windows short enough for 1C."""
        register = self.register
        kinds = frozenset(f"StandardODATA.{each}" for each in register.sales)
        if self.single_recorder:
            kinds = frozenset()
        # Cost that the query does not select adds nothing.
        lines = _lines(self.party, register.revenue, register.cost, kinds, self.metric)
        return windows(client, self.query, "Period", since, until, lambda: Sums(lines))

    def changed(self, client: Client, _part: str, read: Sequence[Part], /) -> list[Part]:
        """Return the stretches with other records by now."""
        return [one for one in read if not is_current(client, self.query, "Period", one)]


def _lines(
    party: Party,
    revenue: tuple[str, ...],
    cost: tuple[str, ...],
    sales: frozenset[str],
    metric: str,
) -> Callable[[list[Row]], Iterable[Line]]:
    """Return the function that turns flat records into lines.

    Notes
    -----
    Revenue and cost are in separate records. A record without revenue is not a sale and matters
    to the profit only. The number of sales is the number of documents of the types in *sales*.
    """

    def lines(rows: list[Row]) -> Iterable[Line]:
        for row in rows:
            counted = not sales or str(row["Recorder_Type"]) in sales
            document = str(row["Recorder"] if "Recorder" in row else row["Recorder_Key"]).lower()
            money = [row.get(name) for name in revenue]
            income = sum(map(as_decimal, money), Decimal(0))
            if metric == "count" and not counted:
                continue
            if metric != "profit" and (
                all(each is None for each in money) or (not income and not counted)
            ):
                continue
            moment = as_datetime(row["Period"])
            if moment is not None:
                spent = sum((as_decimal(row.get(name)) for name in cost), Decimal(0))
                yield party.token(row), moment.date(), income, spent, document, counted

    return lines
