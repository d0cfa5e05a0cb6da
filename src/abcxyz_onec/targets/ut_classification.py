"""Target: the classification register of УТ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import isfinite

from attrs import define, field, frozen

from abcxyz_onec.catalogs.publication import lacking, refuse
from abcxyz_onec.odata.answers import as_datetime, as_decimal
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.paging import virtual
from abcxyz_onec.odata.query import Query, guid, moment, string
from abcxyz_onec.profiles.schema import Targets
from abcxyz_onec.targets.writes import Change, Wanted, put, same

__all__ = ["UtClassification"]

_METRICS = {"revenue": "Выручка", "profit": "ВаловаяПрибыль", "count": "Количество"}
_NONE = "НеКлассифицирован"
# The first letters are Latin, as they are in the configuration.
_CLASSES = {
    "ABC": ("AКласс", "BКласс", "CКласс", _NONE),
    "XYZ": ("XКласс", "YКласс", "ZКласс", _NONE),
}


@frozen
class _Record:
    """What УТ keeps of a customer on one axis."""

    name: str
    value: float
    period: datetime | None = field(default=None, eq=False)


@define
class UtClassification:
    """Classification register of УТ: two records per customer, dated by the last day."""

    client: Client
    names: Targets
    metric: str
    dated: date
    _types: dict[str, str] = field(factory=dict, init=False)

    @property
    def _when(self) -> datetime:
        return datetime.combine(self.dated, datetime.min.time())

    def query(self) -> Query:
        """Ask for the last record of everybody up to the date."""
        return Query(
            self.names.native,
            function="SliceLast",
            arguments=(
                (
                    "Condition",
                    f"ТипПараметраКлассификации eq {string(_METRICS[self.metric])}",
                ),
                ("Period", moment(self._when)),
            ),
        )

    def _stored(self) -> dict[tuple[str, str], _Record]:
        refuse(lacking(self.client, [self.query()]))
        found = {}
        for row in virtual(self.client, self.query()):
            axis = str(row["ТипКлассификации"])
            kind = str(row.get("Класс_Type") or "")
            if axis in _CLASSES and row.get("Класс"):
                self._types.setdefault(axis, kind)
            found[str(row["Партнер_Key"]).lower(), axis] = _Record(
                str(row.get("Класс") or _NONE),
                float(as_decimal(row.get("ЗначениеПараметраКлассификации"))),
                as_datetime(row["Period"]),
            )
        return found

    def _goal(self, each: Wanted | None) -> dict[str, _Record]:
        if each is None:
            return {axis: _Record(_NONE, 0.0) for axis in _CLASSES}
        numbers = {"ABC": (each.abc, each.value), "XYZ": (each.xyz, each.cv * 100)}
        return {
            axis: _Record(
                _CLASSES[axis][code],
                round(number, 2) if code >= 0 and isfinite(number) else 0.0,
            )
            for axis, (code, number) in numbers.items()
        }

    def plan(
        self, wanted: Mapping[str, Wanted], leave: frozenset[str]
    ) -> tuple[list[Change], int]:
        """List the changes; who was never classified and is not now gets no record."""
        stored = self._stored()
        known = {who for who, _ in stored} - leave
        goal = {
            who: self._goal(wanted.get(who)) for who in [*wanted, *sorted(known - set(wanted))]
        }
        changes = []
        for who, records in goal.items():
            differ = {
                axis: record
                for axis, record in records.items()
                if not _alike(stored.get((who, axis)), record)
            }
            if differ:
                there = {
                    axis
                    for axis in differ
                    if (old := stored.get((who, axis))) is not None and old.period == self._when
                }
                changes.append(
                    Change(who, lambda w=who, d=differ, t=there: self._write(w, d, t))  # type: ignore[misc]
                )
        return changes, len(goal) - len(changes)

    def _write(self, who: str, records: Mapping[str, _Record], there: set[str]) -> None:
        kind = _METRICS[self.metric]
        for axis, record in records.items():
            key = {
                "Period": moment(self._when),
                "Партнер_Key": guid(who),
                "ТипПараметраКлассификации": string(kind),
                "ТипКлассификации": string(axis),
            }
            fields: Row = {
                "Period": self._when.isoformat(),
                "Партнер_Key": who,
                "ТипПараметраКлассификации": kind,
                "ТипКлассификации": axis,
                "Класс": record.name,
                "Класс_Type": self._types.get(axis) or f"StandardODATA.{axis}Классификация",
                "ЗначениеПараметраКлассификации": record.value,
            }
            put(self.client, self.names.native, key, fields, known=axis in there)

    def differing(self, changed: Sequence[str], wanted: Mapping[str, Wanted]) -> Mapping[str, str]:
        """Read once more and compare."""
        stored = self._stored()
        out = {}
        for who in changed:
            for axis, record in self._goal(wanted.get(who)).items():
                found = stored.get((who, axis))
                if not _alike(found, record):
                    out[who] = found.name if found else ""
        return out


def _alike(left: _Record | None, right: _Record) -> bool:
    if left is None:
        return False
    return left.name == right.name and same(left.value, right.value)
