"""Target: the classification register of УТ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from math import isfinite

from attrs import define, field, frozen

from abcxyz_onec.catalogs.publication import raise_if_missing, unpublished
from abcxyz_onec.odata.answers import as_datetime, as_decimal
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.errors import HiddenRowsError
from abcxyz_onec.odata.paging import table, virtual
from abcxyz_onec.odata.query import Query, both, either, guid, moment, string
from abcxyz_onec.profiles.schema import Targets
from abcxyz_onec.targets.writes import (
    Change,
    Comparison,
    Wanted,
    delete_record,
    same_value,
    write_record,
)

__all__ = ["UtClassification"]

_METRICS = {"revenue": "Выручка", "profit": "ВаловаяПрибыль", "count": "Количество"}
_NONE = "НеКлассифицирован"
_KEY = ("Period", "Партнер_Key", "ТипПараметраКлассификации", "ТипКлассификации")
_VALUE = "ЗначениеПараметраКлассификации"
# The first letters are Latin, as in the configuration.
_CLASSES = {
    "ABC": ("AКласс", "BКласс", "CКласс", _NONE),
    "XYZ": ("XКласс", "YКласс", "ZКласс", _NONE),
}


@frozen
class _Record:
    """Class and value of a customer on one axis, as УТ stores them."""

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
        """Return the query of the last record of each customer up to the date."""
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
        raise_if_missing(unpublished(self.client, [self.query()]))
        records = {}
        for row in self._last_records():
            axis = str(row["ТипКлассификации"])
            kind = str(row.get("Класс_Type") or "")
            if axis in _CLASSES and row.get("Класс"):
                self._types.setdefault(axis, kind)
            records[str(row["Партнер_Key"]).lower(), axis] = _Record(
                str(row.get("Класс") or _NONE),
                float(as_decimal(row.get("ЗначениеПараметраКлассификации"))),
                as_datetime(row["Period"]),
            )
        return records

    def _last_records(self) -> list[Row]:
        """Read the last record of each key; from the whole register where 1C hides rows."""
        query = self.query()
        try:
            return virtual(self.client, query)
        except HiddenRowsError:
            if not self.client.allowed_only:
                raise
        where = both(
            f"Period le {moment(self._when)}",
            f"ТипПараметраКлассификации eq {string(_METRICS[self.metric])}",
        )
        last = {
            (row["Партнер_Key"], row["ТипКлассификации"]): row
            for row in table(self.client, Query(query.entity, where=where, orderby=("Period",)))
        }
        return list(last.values())

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

    def plan(self, wanted: Mapping[str, Wanted], changeable: frozenset[str]) -> Comparison:
        """Compare what 1C stores with *wanted*.

        A customer never classified, and not now, gets no record.
        """
        stored = self._stored()
        known = {who for who, _ in stored} & changeable
        goal = {
            who: self._goal(wanted.get(who)) for who in [*wanted, *sorted(known - set(wanted))]
        }
        changes = []
        for who, records in goal.items():
            differ = {
                axis: record
                for axis, record in records.items()
                if not _equal_records(stored.get((who, axis)), record)
            }
            if differ:
                existing = {
                    axis
                    for axis in differ
                    if (old := stored.get((who, axis))) is not None and old.period == self._when
                }
                changes.append(
                    Change(who, lambda w=who, d=differ, e=existing: self._write(w, d, e))  # type: ignore[misc]
                )
        now = {who: _classes(stored.get((who, axis)) for axis in _CLASSES) for who in goal}
        return Comparison(
            changes,
            len(goal) - len(changes),
            {who: shown for who, shown in now.items() if shown},
            {who: _classes(records.values()) for who, records in goal.items()},
        )

    def _write(self, who: str, records: Mapping[str, _Record], existing: set[str]) -> None:
        kind = _METRICS[self.metric]
        for axis, record in records.items():
            fields: Row = {
                "Period": self._when.isoformat(),
                "Партнер_Key": who,
                "ТипПараметраКлассификации": kind,
                "ТипКлассификации": axis,
                "Класс": record.name,
                "Класс_Type": self._types.get(axis) or f"StandardODATA.{axis}Классификация",
                "ЗначениеПараметраКлассификации": record.value,
            }
            key = _key_of(fields)
            write_record(self.client, self.names.native, key, fields, known=axis in existing)

    @property
    def ignores_versions(self) -> bool:
        """Records of a register have no versions."""
        return False

    def stored_fields(self, references: Sequence[str]) -> Mapping[str, Row]:
        """Return the records of each of *references*, by the values of their key."""
        stored: dict[str, Row] = {who: {} for who in references}
        query = Query(self.names.native, where=either(f"Партнер_Key eq {guid(w)}" for w in stored))
        for row in table(self.client, query) if stored else ():
            key = " ".join(str(row[name]) for name in _KEY if name != "Партнер_Key")
            stored[str(row["Партнер_Key"]).lower()][key] = {
                name: str(row.get(name)) if name == _VALUE else row.get(name)
                for name in (*_KEY, "Класс", "Класс_Type", _VALUE)
            }
        return stored

    def restore(self, reference: str, fields: Row) -> bool:
        """Delete the records that were added, and write those that were changed."""
        now = self.stored_fields([reference])[reference]
        for key, record in now.items():
            if fields.get(key) is None:
                delete_record(self.client, self.names.native, _key_of(record))
        for key, record in fields.items():
            if record is not None and now.get(key) != record:
                whole = {**record, _VALUE: float(as_decimal(record[_VALUE]))}
                entity, known = self.names.native, key in now
                write_record(self.client, entity, _key_of(record), whole, known=known)
        return any(now.get(key) != fields.get(key) for key in {*now, *fields})

    def differing(self, changed: Sequence[str], wanted: Mapping[str, Wanted]) -> Mapping[str, str]:
        """Read the records back and compare."""
        stored = self._stored()
        out = {}
        for who in changed:
            for axis, record in self._goal(wanted.get(who)).items():
                old = stored.get((who, axis))
                if not _equal_records(old, record):
                    out[who] = old.name if old else ""
        return out


def _classes(records: Iterable[_Record | None]) -> str:
    """Return the names of the classes of a customer, empty where there are none."""
    names = [_NONE if record is None else record.name for record in records]
    return "" if set(names) <= {_NONE} else " ".join(names)


def _key_of(record: Row) -> dict[str, str]:
    """Return the literals of the key of a record."""
    literals = {}
    for name in _KEY:
        value = str(record[name])
        if name == "Period":
            literals[name] = moment(datetime.fromisoformat(value))
        else:
            literals[name] = guid(value) if name.endswith("_Key") else string(value)
    return literals


def _equal_records(left: _Record | None, right: _Record) -> bool:
    if left is None:
        return False
    return left.name == right.name and same_value(left.value, right.value)
