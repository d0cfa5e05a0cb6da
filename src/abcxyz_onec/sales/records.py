"""Three ways to read the same sales: flat records, turnovers per sub-period, documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

from attrs import frozen

from abcxyz import UNITS, Periods, Window
from abcxyz_onec.catalogs.currency_rates import Rates
from abcxyz_onec.odata.answers import as_datetime, as_decimal, as_reference
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.paging import virtual, windows
from abcxyz_onec.odata.query import Query, both, moment
from abcxyz_onec.profiles import Basis, Document, Profile, Register
from abcxyz_onec.sales.lines import Columns, Line, Party, Sums, collected, from_records

__all__ = ["Documents", "Reader", "Records", "Turnovers", "party_of"]

Part = tuple[date, date, list[Columns]]


class Reader(Protocol):
    """Reads a window in parts; a part can be read again without the others."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of what is read one after the other."""

    def queries(self) -> list[Query]:
        """List the questions, without dates, to check their names."""

    def read(self, client: Client, part: str, since: date, until: date, /) -> Iterator[Part]:
        """Yield consecutive stretches of ``since <= day < until``."""


def party_of(client: Client, profile: Profile, entity: str, place: Register | Document) -> Party:
    """Find the field that says whose a row is."""
    if isinstance(place, Register) and place.key:
        return Party(place.key)
    name = place.partner if entity == "partner" and place.partner else place.counterparty
    name = name or place.partner
    catalog = profile.counterparty.entity
    asked = place.flat if isinstance(place, Register) else place.entity
    known = client.metadata().sets.get(asked)
    composite = known is not None and f"{name}_Type" in known.fields
    return Party(name, f"StandardODATA.{catalog}" if composite else "")


@frozen
class Records:
    """Flat records of the register: day and document of every line."""

    register: Register
    party: Party
    metric: str

    parts = ("records",)

    @property
    def query(self) -> Query:
        """The question without the window."""
        place = self.register
        cost = place.cost if self.metric == "profit" else ()
        return Query(
            place.flat,
            (
                "Period",
                "Recorder",
                "Recorder_Type",
                "LineNumber",
                *self.party.fields,
                *place.revenue,
                *cost,
            ),
            both("Active eq true", place.where),
            ("Period", "Recorder", "Recorder_Type", "LineNumber"),
        )

    def queries(self) -> list[Query]:
        """List the questions."""
        return [self.query]

    def read(self, client: Client, _part: str, since: date, until: date, /) -> Iterator[Part]:
        """Yield the windows that 1C can manage."""
        place = self.register
        kinds = frozenset(f"StandardODATA.{each}" for each in place.sales)
        cost = place.cost if self.metric == "profit" else ()
        lines = from_records(self.party, place.revenue, cost, kinds, self.metric)
        return windows(client, self.query, "Period", since, until, lambda: Sums(lines))


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


@frozen
class Documents:
    """Documents, where there is no register: no cost, and currencies to convert."""

    basis: Basis
    profile: Profile
    parties: tuple[Party, ...]
    metric: str

    @property
    def parts(self) -> tuple[str, ...]:
        """Name the kinds of document."""
        return tuple(f"{place}.{each.entity}" for place, each in enumerate(self.basis.documents))

    def _query(self, place: int) -> Query:
        each = self.basis.documents[place]
        money = [name for name in (each.amount, each.currency, *each.rate) if name]
        return Query(
            each.entity,
            ("Ref_Key", each.date, *self.parties[place].fields, *money),
            both("Posted eq true", "DeletionMark eq false", each.where),
            (each.date, "Ref_Key"),
        )

    def queries(self) -> list[Query]:
        """List the questions, those about currencies included."""
        asked = [self._query(place) for place in range(len(self.parts))]
        if any(each.currency for each in self.basis.documents):
            names = self.profile.currency
            asked.append(Query(names.constant, (names.value,)))
        return asked

    def read(self, client: Client, part: str, since: date, until: date, /) -> Iterator[Part]:
        """Yield the windows that 1C can manage."""
        place = self.parts.index(part)
        each, party = self.basis.documents[place], self.parties[place]
        rates = Rates(client, self.profile.currency, until)
        lines = self._lines(each, party, rates)
        return windows(client, self._query(place), each.date, since, until, lambda: Sums(lines))

    def _lines(
        self, each: Document, party: Party, rates: Rates
    ) -> Callable[[list[Row]], Iterable[Line]]:
        def lines(rows: list[Row]) -> Iterable[Line]:
            if self.metric == "count" and each.sign < 0:
                return
            for row in rows:
                when = as_datetime(row[each.date])
                if when is None:
                    continue
                amount = as_decimal(row.get(each.amount)) * each.sign
                if each.currency:
                    own = tuple(as_decimal(row.get(name)) for name in each.rate)
                    amount *= rates.factor(as_reference(row.get(each.currency)), when, own)
                reference = str(row["Ref_Key"]).lower()
                yield party.token(row), when.date(), amount, Decimal(0), reference, each.sign > 0

        return lines
