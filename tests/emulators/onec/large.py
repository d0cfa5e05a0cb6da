"""Large base of УТ: millions of records computed by a formula, not stored."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
from tests.emulators.onec.company import ut11
from tests.emulators.onec.grammar import Node, ODataError, parse
from tests.emulators.onec.store import Store

__all__ = ["LargeStore", "large"]

_SALES = "AccumulationRegister_ВыручкаИСебестоимостьПродаж"
_FLAT = f"{_SALES}_RecordType"
_KEYS = "Catalog_КлючиАналитикиУчетаПоПартнерам"
_KIND = "StandardODATA.Document_РеализацияТоваровУслуг"
_LINES = 3  # of a document: two of revenue, one of cost


def _guid(space: int, number: int) -> str:
    return f"{number:08x}-0000-4000-8000-{space:012x}"


class LargeStore(Store):
    """Store that computes the rows of the register and its two catalogs.

    *partners* have one key each; *records* are spread evenly over 365 days from *start*.
    """

    def __init__(self, partners: int, records: int, start: date) -> None:
        small = ut11()
        super().__init__(small.entities.values(), small.enums)
        self.partners, self.records, self.start = partners, records, start
        self.index_of = np.arange(records)
        self.document = self.index_of // _LINES
        # Squares give some customers many sales and others few.
        share = ((self.document * 2654435761) % 2**32) / 2**32
        self.partner = np.minimum((share**2 * partners).astype(np.int64), partners - 1)
        self.second = self.document * (365 * 86400) // (records // _LINES + 1)
        self.amount = 1000 + (self.index_of * 7919) % 90_000
        self.costs = self.index_of % _LINES == _LINES - 1

    def _rows(self, low: int, high: int, names: list[str]) -> list[dict[str, Any]]:
        some = slice(low, high)
        moments = np.datetime64(self.start, "s") + self.second[some]
        money = (self.amount[some] / 100).tolist()
        costs = self.costs[some].tolist()
        columns: dict[str, Any] = {
            "Period": np.datetime_as_string(moments).tolist(),
            "Recorder": [_guid(1, each) for each in self.document[some].tolist()],
            "Recorder_Type": [_KIND] * len(costs),
            "LineNumber": [str(place % _LINES + 1) for place in range(low, high)],
            "АналитикаУчетаПоПартнерам_Key": [
                _guid(2, each) for each in self.partner[some].tolist()
            ],
            "СуммаВыручки": [None if c else m for c, m in zip(costs, money, strict=True)],
            "Стоимость": [m if c else None for c, m in zip(costs, money, strict=True)],
            "ДопРасходы": [None] * len(costs),
        }
        chosen = [columns[name] for name in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*chosen, strict=True)]

    def _between(self, node: Node) -> tuple[int, int]:
        """Return the range of records that a filter of dates selects."""
        low, high = 0, self.records
        if node[0] == "binary" and node[1] == "and":
            for side in node[2:]:
                one = self._between(side)
                low, high = max(low, one[0]), min(high, one[1])
        elif node[0] == "binary" and node[2] == ("path", "Period"):
            seconds = (
                node[3][1] - datetime.combine(self.start, datetime.min.time())
            ).total_seconds()
            place = int(np.searchsorted(self.second, seconds))
            if node[1] not in ("ge", "lt"):
                raise ODataError(400, 14, "Ошибка при разборе опции запроса $filter")
            low, high = (place, high) if node[1] == "ge" else (low, place)
        return low, high

    def query(
        self,
        name: str,
        options: dict[str, str],
        *,
        rows: list[dict[str, Any]] | None = None,
        restricted: bool = False,
    ) -> tuple[list[dict[str, Any]], int]:
        """Answer a GET of a set."""
        if name not in (_FLAT, "Catalog_Партнеры", _KEYS) or rows is not None:
            return super().query(name, options, rows=rows, restricted=restricted)
        low, high = 0, self.records if name == _FLAT else self.partners
        if "$filter" in options and name == _FLAT:
            low, high = self._between(parse(options["$filter"]))
        total = max(0, high - low)
        low += int(options.get("$skip", 0))
        high = min(high, low + int(options["$top"])) if "$top" in options else high
        names = [each for each in options.get("$select", "*").split(",") if each]
        if "$top" not in options:
            return [], total  # only counted
        if name == _FLAT:
            return self._rows(low, max(low, high), names), total
        computed = (self._row(name, place) for place in range(low, high))
        return [{each: row[each] for each in names} for row in computed], total

    def _row(self, name: str, place: int) -> dict[str, Any]:
        flags = {"DeletionMark": False, "IsFolder": False, "Predefined": False}
        if name == _KEYS:
            return {"Ref_Key": _guid(2, place), "Партнер_Key": _guid(3, place)}
        return {"Ref_Key": _guid(3, place), "Description": f"Партнер {place}", **flags}

    def turnovers(self, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """Sum the records of a period, both ends included, per key."""
        origin = datetime.combine(self.start, datetime.min.time())
        low = int(np.searchsorted(self.second, (start - origin).total_seconds()))
        high = int(np.searchsorted(self.second, (end - origin).total_seconds(), side="right"))
        who, money, cost = (a[low:high] for a in (self.partner, self.amount, self.costs))
        sums = [
            np.bincount(who[chosen], weights=money[chosen], minlength=self.partners)
            for chosen in (~cost, cost)
        ]
        used = np.flatnonzero(np.bincount(who, minlength=self.partners))
        return [
            {
                "АналитикаУчетаПоПартнерам_Key": _guid(2, int(place)),
                "СуммаВыручкиTurnover": round(float(sums[0][place])) / 100,
                "СтоимостьTurnover": round(float(sums[1][place])) / 100,
                "ДопРасходыTurnover": None,
            }
            for place in used
        ]


def large(partners: int, records: int, start: date = date(2025, 11, 1)) -> LargeStore:
    """Make a large base; the year from *start* holds its records."""
    return LargeStore(partners, records, start)
