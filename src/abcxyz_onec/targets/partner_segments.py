"""Classes in УТ's own registers: segments of partners, and its classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import isfinite

from attrs import define, field, frozen

from abcxyz import SEGMENTS
from abcxyz.errors import ConfigError
from abcxyz_onec.catalogs.publication import lacking, refuse
from abcxyz_onec.odata.answers import as_datetime, as_decimal
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.paging import table, virtual
from abcxyz_onec.odata.query import Query, guid, moment, split, string
from abcxyz_onec.profiles import Targets
from abcxyz_onec.targets.writes import Change, Wanted, put, same, take_away

__all__ = ["Native", "Segments"]


@define
class Segments:
    """One segment of partners for each of the nine, called by a name in front and the letters."""

    client: Client
    names: Targets
    prefix: str
    lost: str
    _keys: dict[str, str] = field(factory=dict, init=False)

    def keys(self) -> Mapping[str, str]:
        """Find the nine segments; none is ever created.

        Raises
        ------
        ConfigError
            Some are not there, or twice.
        """
        if self._keys:
            return self._keys
        asked = Query(self.names.segments, ("Ref_Key", "Description", "DeletionMark"))
        refuse(lacking(self.client, [asked]))
        called: dict[str, list[str]] = {}
        for row in table(self.client, asked):
            if row.get("DeletionMark") is not True:
                name = str(row["Description"]).strip()
                called.setdefault(name, []).append(str(row["Ref_Key"]).lower())
        wanted = {segment: f"{self.prefix} {segment}" for segment in SEGMENTS}
        wrong = [name for name in wanted.values() if len(called.get(name, ())) != 1]
        if wrong:
            raise ConfigError(
                "1C needs one segment of partners for each of {names}; make them in CRM и "
                "маркетинг → Сегменты партнеров, filled by hand, or name another beginning in "
                "property",
                names=", ".join(repr(name) for name in wrong),
            )
        self._keys = {segment: called[name][0] for segment, name in wanted.items()}
        return self._keys

    def _shown(self) -> dict[str, set[str]]:
        of_key = {key: segment for segment, key in self.keys().items()}
        asked = Query(self.names.members, ("Сегмент_Key", "Партнер_Key"))
        refuse(lacking(self.client, [asked]))
        shown: dict[str, set[str]] = {}
        links = [f"Сегмент_Key eq {guid(key)}" for key in of_key]
        for query in split(asked, links):
            for row in table(self.client, query):
                segment = of_key[str(row["Сегмент_Key"]).lower()]
                shown.setdefault(str(row["Партнер_Key"]).lower(), set()).add(segment)
        return shown

    def plan(
        self, wanted: Mapping[str, Wanted], leave: frozenset[str]
    ) -> tuple[list[Change], int]:
        """List the changes, and count what is right already."""
        shown = {who: those for who, those in self._shown().items() if who not in leave}
        wish = {who: {each.segment} for who, each in wanted.items()}
        wish |= {
            who: those if self.lost == "keep" else set()
            for who, those in shown.items()
            if who not in wanted
        }
        changes = [
            Change(who, lambda who=who: self._move(who, shown.get(who, set()), wish[who]))  # type: ignore[misc]
            for who in wish
            if shown.get(who, set()) != wish[who]
        ]
        return changes, len(wish) - len(changes)

    def _move(self, who: str, old: set[str], new: set[str]) -> None:
        """Enter before leaving: whatever happens between, the customer stands somewhere."""
        for segment in sorted(new - old):
            key = self._key(who, segment)
            fields = {"Сегмент_Key": self.keys()[segment], "Партнер_Key": who}
            put(self.client, self.names.members, key, fields, known=False)
        for segment in sorted(old - new):
            take_away(self.client, self.names.members, self._key(who, segment))

    def _key(self, who: str, segment: str) -> dict[str, str]:
        return {"Сегмент_Key": guid(self.keys()[segment]), "Партнер_Key": guid(who)}

    def differing(self, changed: Sequence[str], wanted: Mapping[str, Wanted]) -> Mapping[str, str]:
        """Read once more and compare."""
        shown = self._shown()
        return {
            who: ", ".join(sorted(shown.get(who, ())))
            for who in changed
            if shown.get(who, set()) != ({wanted[who].segment} if who in wanted else set())
        }


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
class Native:
    """УТ's own classification: two records per customer, dated by the last day of the window."""

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

    def _shown(self) -> dict[tuple[str, str], _Record]:
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

    def _wish(self, each: Wanted | None) -> dict[str, _Record]:
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
        shown = self._shown()
        known = {who for who, _ in shown} - leave
        wish = {
            who: self._wish(wanted.get(who)) for who in [*wanted, *sorted(known - set(wanted))]
        }
        changes = []
        for who, records in wish.items():
            differ = {
                axis: record
                for axis, record in records.items()
                if not _alike(shown.get((who, axis)), record)
            }
            if differ:
                there = {
                    axis
                    for axis in differ
                    if (old := shown.get((who, axis))) is not None and old.period == self._when
                }
                changes.append(
                    Change(who, lambda w=who, d=differ, t=there: self._write(w, d, t))  # type: ignore[misc]
                )
        return changes, len(wish) - len(changes)

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
        shown = self._shown()
        out = {}
        for who in changed:
            for axis, record in self._wish(wanted.get(who)).items():
                found = shown.get((who, axis))
                if not _alike(found, record):
                    out[who] = found.name if found else ""
        return out


def _alike(left: _Record | None, right: _Record) -> bool:
    if left is None:
        return False
    return left.name == right.name and same(left.value, right.value)
