"""Sales from the turnovers of a register: sums per customer and sub-period.

Turnovers tell neither documents nor days, so these come from a light query of documents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import attrs
import numpy as np
from attrs import frozen

from abcxyz import UNITS, Periods, Window
from abcxyz_onec.odata.answers import as_decimal
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.metadata import missing_names
from abcxyz_onec.odata.paging import between, table, virtual
from abcxyz_onec.odata.query import Query, both, moment, split
from abcxyz_onec.profiles.schema import Register
from abcxyz_onec.sales.documents import Documents
from abcxyz_onec.sales.lines import (
    REFERENCE,
    Line,
    LineColumns,
    Party,
    join_columns,
    sum_lines,
)
from abcxyz_onec.sales.reader import Part

__all__ = ["Turnovers"]

_KOPECK = 0.005  # sums of floats differ by less


@frozen
class Turnovers:
    """Reader of sums per customer and sub-period: few bytes.

    Parameters
    ----------
    register, party, metric, bucket
        The register, the field of its customer, and the options of the source.
    orders
        Reader of the documents that count as sales; without it their number and days are unknown.
    """

    register: Register
    party: Party
    metric: str
    bucket: str
    orders: Documents | None = None

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
        """Return a query of any sub-period and those of documents, to check the names in them."""
        documents = [] if self.orders is None else self.orders.queries()
        return [self.query(date(2000, 1, 1), date(2000, 2, 1)), *documents]

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
            columns = [sum_lines(self._lines(client, rows, start, stop))]
            if self.orders is not None:
                for part in self.orders.parts:
                    for stretch in self.orders.read(client, part, start, stop):
                        columns += map(self._by_reference, stretch.results)
            yield Part(start, stop, [join_columns(columns)], 0, "")

    def changed(self, client: Client, _part: str, read: Sequence[Part], /) -> list[Part]:
        """Return all stretches where their sums differ from those of the whole by now."""
        if len(read) < 2:
            return []
        sums: defaultdict[str, float] = defaultdict(float)
        for stretch in read:
            for columns in stretch.results:
                money = columns.revenue - columns.cost * (self.metric == "profit")
                tokens = columns.unpacked().token.tolist()
                for token, one in zip(tokens, money.tolist(), strict=True):
                    sums[token] += one
        since, until = min(one.since for one in read), max(one.until for one in read)
        for row in virtual(client, self.query(since, until)):
            _, income, spent = self._money(row)
            sums[self.party.token(row)] -= float(income - spent * (self.metric == "profit"))
        return list(read) if any(abs(each) > _KOPECK for each in sums.values()) else []

    def _by_reference(self, columns: LineColumns) -> LineColumns:
        """Mark the customers of documents as references where the register has keys."""
        if not self.register.key:
            return columns
        known = columns.token != ""
        return attrs.evolve(
            columns, token=np.where(known, np.char.add(REFERENCE, columns.token), "")
        )

    def _money(self, row: Row) -> tuple[bool, Decimal, Decimal]:
        """Return whether the row has revenue at all, its revenue, and its cost."""
        register = self.register
        money = [row.get(f"{name}Turnover") for name in register.revenue]
        income = sum(map(as_decimal, money), Decimal(0))
        spent = sum((as_decimal(row.get(f"{n}Turnover")) for n in register.cost), Decimal(0))
        return any(each is not None for each in money), income, spent

    def _lines(self, client: Client, rows: list[Row], start: date, stop: date) -> Iterator[Line]:
        doubtful = []
        for row in rows:
            known, income, spent = self._money(row)
            token = self.party.token(row)
            line = (token, start, income, spent, "", True)
            if self.metric == "profit" or (known and (income or not spent)):
                yield line
            elif known:
                doubtful.append(line)
        # Cost without revenue is not a sale, as in the flat records; a sale that was returned
        # in the same sub-period is one, though its revenue is zero too.
        sold = self._sold(client, [line[0] for line in doubtful], start, stop)
        yield from (line for line in doubtful if line[0] in sold)

    def _sold(self, client: Client, tokens: list[str], start: date, stop: date) -> set[str]:
        """Return those of *tokens* with a record of revenue, where records are published."""
        register = self.register
        query = Query(
            register.flat,
            (*self.party.fields, *register.revenue),
            both("Active eq true", between("Period", start, stop), register.where),
        )
        conditions = [self.party.equals(token) for token in tokens if self.party.names(token)]
        if not conditions or missing_names(client.metadata(), query):
            return set()
        return {
            self.party.token(row)
            for part in split(query, conditions)
            for row in table(client, part)
            if any(as_decimal(row.get(name)) for name in register.revenue)
        }
