"""Target: segments of partners in УТ, one for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field

from abcxyz import SEGMENTS
from abcxyz.errors import ConfigError
from abcxyz_onec.catalogs.properties import NAMED
from abcxyz_onec.catalogs.publication import raise_if_missing, unpublished
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.paging import table
from abcxyz_onec.odata.query import Query, guid, split
from abcxyz_onec.profiles.schema import Targets
from abcxyz_onec.targets.writes import Change, Comparison, Wanted, delete_record, write_record

__all__ = ["Segments"]


@define
class Segments:
    """Nine segments of partners, named by a prefix and the letters of the class."""

    client: Client
    names: Targets
    prefix: str
    lost: str
    _keys: dict[str, str] = field(factory=dict, init=False)

    def keys(self) -> Mapping[str, str]:
        """Return class to reference of its segment; segments are never created.

        Raises
        ------
        ConfigError
            A segment is missing, or there are two of one name.
        """
        if self._keys:
            return self._keys
        query = Query(self.names.segments, NAMED)
        raise_if_missing(unpublished(self.client, [query]))
        by_name: dict[str, list[str]] = {}
        for row in table(self.client, query):
            if row.get("DeletionMark") is not True:
                name = str(row["Description"]).strip()
                by_name.setdefault(name, []).append(str(row["Ref_Key"]).lower())
        wanted = {segment: f"{self.prefix} {segment}" for segment in SEGMENTS}
        wrong = [name for name in wanted.values() if len(by_name.get(name, ())) != 1]
        if wrong:
            raise ConfigError(
                "1C needs one segment of partners for each of {names}; make them in CRM и "
                "маркетинг → Сегменты партнеров, filled by hand, or name another beginning in "
                "property",
                names=", ".join(repr(name) for name in wrong),
            )
        self._keys = {segment: by_name[name][0] for segment, name in wanted.items()}
        return self._keys

    def _stored(self) -> dict[str, set[str]]:
        of_key = {key: segment for segment, key in self.keys().items()}
        query = Query(self.names.members, ("Сегмент_Key", "Партнер_Key"))
        raise_if_missing(unpublished(self.client, [query]))
        stored: dict[str, set[str]] = {}
        conditions = [f"Сегмент_Key eq {guid(key)}" for key in of_key]
        for part in split(query, conditions):
            for row in table(self.client, part):
                segment = of_key[str(row["Сегмент_Key"]).lower()]
                stored.setdefault(str(row["Партнер_Key"]).lower(), set()).add(segment)
        return stored

    def plan(self, wanted: Mapping[str, Wanted], changeable: frozenset[str]) -> Comparison:
        """Compare what 1C stores with *wanted*."""
        shown = changeable | wanted.keys()
        stored = {who: have for who, have in self._stored().items() if who in shown}
        goal = {who: {each.segment} for who, each in wanted.items()}
        goal |= {
            who: have if self.lost == "keep" else set()
            for who, have in stored.items()
            if who not in wanted
        }
        changes = [
            Change(who, lambda who=who: self._move(who, stored.get(who, set()), goal[who]))  # type: ignore[misc]
            for who in goal
            if stored.get(who, set()) != goal[who]
        ]
        return Comparison(
            changes,
            len(goal) - len(changes),
            {who: " ".join(sorted(have)) for who, have in stored.items() if have},
            {who: " ".join(sorted(each)) for who, each in goal.items()},
        )

    def _move(self, who: str, old: set[str], new: set[str]) -> None:
        """Add new segments before removing old ones, so that a failure leaves one."""
        for segment in sorted(new - old):
            key = self._key(who, segment)
            fields = {"Сегмент_Key": self.keys()[segment], "Партнер_Key": who}
            write_record(self.client, self.names.members, key, fields, known=False)
        for segment in sorted(old - new):
            delete_record(self.client, self.names.members, self._key(who, segment))

    def _key(self, who: str, segment: str) -> dict[str, str]:
        return {"Сегмент_Key": guid(self.keys()[segment]), "Партнер_Key": guid(who)}

    @property
    def ignores_versions(self) -> bool:
        """Records of a register have no versions."""
        return False

    def stored_fields(self, references: Sequence[str]) -> Mapping[str, Row]:
        """Return the segments of each of *references*."""
        stored = self._stored()
        return {who: {"segments": sorted(stored.get(who, ())) or None} for who in references}

    def restore(self, reference: str, fields: Row) -> bool:
        """Move a partner back to the segments."""
        now, before = self._stored().get(reference, set()), set(fields["segments"] or ())
        self._move(reference, now, before)
        return now != before

    def differing(self, changed: Sequence[str], wanted: Mapping[str, Wanted]) -> Mapping[str, str]:
        """Read the segments back and compare."""
        stored = self._stored()
        return {
            who: ", ".join(sorted(stored.get(who, ())))
            for who in changed
            if stored.get(who, set()) != ({wanted[who].segment} if who in wanted else set())
        }
