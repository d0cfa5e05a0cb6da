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
from abcxyz_onec.sales.lines import Line, Party, sum_lines
from abcxyz_onec.sales.reader import Part

__all__ = ["Turnovers"]


@frozen
class Turnovers:
    """Reader of sums per customer and sub-period: few bytes, no documents."""

    register: Register
    party: Party
    metric: str
    bucket: str

    parts = ("turnovers",)

    def query(self, since: date, until: date) -> Query:
        """Return the query of a half-open sub-period; 1C includes the end, so a second less."""
        register = self.register
        names = [f"{name}Turnover" for name in (*register.revenue, *register.cost)]
        dimension = self.party.name.removesuffix("_Key")
        last = datetime.combine(until, datetime.min.time()) - timedelta(seconds=1)
        arguments = [
            ("StartPeriod", moment(datetime.combine(since, datetime.min.time()))),
            ("EndPeriod", moment(last)),
            ("Dimensions", f"'{dimension}'"),
        ]
        if register.where:
            arguments.append(("Condition", register.where))
        return Query(
            register.entity,
            (*self.party.fields, *names),
            function="Turnovers",
            arguments=tuple(arguments),
        )

    def queries(self) -> list[Query]:
        """Return a query of any sub-period, to check the names in it."""
        return [self.query(date(2000, 1, 1), date(2000, 2, 1))]

    def sub_periods(self, since: date, until: date) -> list[tuple[date, date]]:
        """Return the sub-periods of a window; the first and the last may be incomplete.

        The window of ABC consists of periods of the same unit or of a longer one. Sub-periods that
        cross a border of a longer unit, as weeks cross months, are cut at that border.
        """
        window = Window(since, until)
        edges = set(Periods.over(window, self.bucket).edges)
        for longer in UNITS[UNITS.index(self.bucket) + 1 :]:
            edges.update(Periods.over(window, longer).edges)
        inside = sorted(edge for edge in edges if since < edge < until)
        return list(pairwise([since, *inside, until]))

    def read(self, client: Client, _part: str, since: date, until: date, /) -> Iterator[Part]:
        """Yield the sums of each sub-period."""
        for start, stop in self.sub_periods(since, until):
            rows = virtual(client, self.query(start, stop))
            yield start, stop, [sum_lines(self._lines(rows, start))]

    def _lines(self, rows: list[Row], day: date) -> Iterable[Line]:
        register = self.register
        for row in rows:
            money = [row.get(f"{name}Turnover") for name in register.revenue]
            income = sum(map(as_decimal, money), Decimal(0))
            spent = sum((as_decimal(row.get(f"{n}Turnover")) for n in register.cost), Decimal(0))
            # Cost without revenue is not a sale, as in the flat records.
            no_sale = all(each is None for each in money) or (not income and spent)
            if self.metric == "profit" or not no_sale:
                yield self.party.token(row), day, income, spent, "", True
