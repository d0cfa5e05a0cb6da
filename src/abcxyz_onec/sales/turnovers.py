"""Sales from the turnovers of a register: sums per customer and sub-period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from attrs import frozen

from abcxyz import UNITS, Periods, Window
from abcxyz_onec.odata.answers import as_decimal
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.paging import virtual
from abcxyz_onec.odata.query import Query, moment
from abcxyz_onec.profiles.schema import Register
from abcxyz_onec.sales.lines import Line, Party, collected
from abcxyz_onec.sales.reader import Part

__all__ = ["Turnovers"]


@frozen
class Turnovers:
    """Sums of the register per customer and sub-period: few bytes, and no documents."""

    register: Register
    party: Party
    metric: str
    bucket: str

    parts = ("turnovers",)

    def query(self, since: date, until: date) -> Query:
        """Ask for the half-open sub-period; 1C includes its end, so a second less."""
        place = self.register
        names = [f"{name}Turnover" for name in (*place.revenue, *place.cost)]
        dimension = self.party.name.removesuffix("_Key")
        last = datetime.combine(until, datetime.min.time()) - timedelta(seconds=1)
        arguments = [
            ("StartPeriod", moment(datetime.combine(since, datetime.min.time()))),
            ("EndPeriod", moment(last)),
            ("Dimensions", f"'{dimension}'"),
        ]
        if place.where:
            arguments.append(("Condition", place.where))
        return Query(
            place.entity,
            (*self.party.fields, *names),
            function="Turnovers",
            arguments=tuple(arguments),
        )

    def queries(self) -> list[Query]:
        """List the questions."""
        return [self.query(date(2000, 1, 1), date(2000, 2, 1))]

    def stretches(self, since: date, until: date) -> list[tuple[date, date]]:
        """Cut into sub-periods; the first and the last may be cut short.

        The window of ABC is made of periods of the same unit or of a longer one. Where those do
        not consist of whole sub-periods, as months do not consist of weeks, they are cut there.
        """
        window = Window(since, until)
        edges = set(Periods.over(window, self.bucket).edges)
        for longer in UNITS[UNITS.index(self.bucket) + 1 :]:
            edges.update(Periods.over(window, longer).edges)
        inside = sorted(edge for edge in edges if since < edge < until)
        return list(pairwise([since, *inside, until]))

    def read(self, client: Client, _part: str, since: date, until: date, /) -> Iterator[Part]:
        """Yield the sub-periods."""
        for start, stop in self.stretches(since, until):
            rows = virtual(client, self.query(start, stop))
            yield start, stop, [collected(self._lines(rows, start))]

    def _lines(self, rows: list[Row], day: date) -> Iterable[Line]:
        place = self.register
        for row in rows:
            money = [row.get(f"{name}Turnover") for name in place.revenue]
            income = sum(map(as_decimal, money), Decimal(0))
            spent = sum((as_decimal(row.get(f"{n}Turnover")) for n in place.cost), Decimal(0))
            # Cost alone is no sale, as in the flat records.
            none = all(each is None for each in money) or (not income and spent)
            if self.metric == "profit" or not none:
                yield self.party.token(row), day, income, spent, "", True
