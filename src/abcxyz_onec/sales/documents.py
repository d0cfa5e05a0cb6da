"""Sales from documents, without cost and with conversion of currencies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from attrs import frozen

from abcxyz_onec.catalogs.currency_rates import Rates
from abcxyz_onec.odata.answers import as_datetime, as_decimal, as_reference
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.paging import is_current, windows
from abcxyz_onec.odata.query import Query, both
from abcxyz_onec.profiles.schema import Basis, Document, Profile
from abcxyz_onec.sales.lines import Line, Party, Sums
from abcxyz_onec.sales.reader import Part

__all__ = ["Documents"]


@frozen
class Documents:
    """Reader of documents, for configurations without a published register of sales."""

    basis: Basis
    profile: Profile
    parties: tuple[Party, ...]
    metric: str

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the kinds of document."""
        return tuple(f"{index}.{each.entity}" for index, each in enumerate(self.basis.documents))

    def _query(self, index: int) -> Query:
        each = self.basis.documents[index]
        money = [name for name in (each.amount, each.currency, *each.rate) if name]
        return Query(
            each.entity,
            ("Ref_Key", each.date, *self.parties[index].fields, *money),
            both("Posted eq true", "DeletionMark eq false", each.where),
            (each.date, "Ref_Key"),
        )

    def dated_queries(self) -> list[tuple[Query, str]]:
        """Return the query of each kind and the field with its date."""
        dates = [each.date for each in self.basis.documents]
        return [(self._query(index), name) for index, name in enumerate(dates)]

    def queries(self) -> list[Query]:
        """Return the queries, without dates, that of the currency included."""
        queries = [query for query, _ in self.dated_queries()]
        if any(each.currency for each in self.basis.documents):
            names = self.profile.currency
            queries.append(Query(names.constant, (names.value,)))
        return queries

    def read(self, client: Client, part: str, since: date, until: date, /) -> Iterator[Part]:
        """Yield windows short enough for 1C."""
        index = self.parts.index(part)
        each, party = self.basis.documents[index], self.parties[index]
        rates = Rates(client, self.profile.currency, until)
        lines = self._lines(each, party, rates)
        return windows(client, self._query(index), each.date, since, until, lambda: Sums(lines))

    def changed(self, client: Client, part: str, read: Sequence[Part], /) -> list[Part]:
        """Return the stretches with other documents by now."""
        index = self.parts.index(part)
        query, name = self._query(index), self.basis.documents[index].date
        return [one for one in read if not is_current(client, query, name, one)]

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
                    rate = tuple(as_decimal(row.get(name)) for name in each.rate)
                    amount *= rates.factor(as_reference(row.get(each.currency)), when, rate)
                reference = str(row["Ref_Key"]).lower()
                yield party.token(row), when.date(), amount, Decimal(0), reference, each.sign > 0

        return lines
