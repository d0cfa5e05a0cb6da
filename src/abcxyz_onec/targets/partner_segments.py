"""Target: one segment of partners in УТ for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field

from abcxyz import SEGMENTS
from abcxyz.errors import ConfigError
from abcxyz_onec.catalogs.properties import NAMED
from abcxyz_onec.catalogs.publication import lacking, refuse
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.paging import table
from abcxyz_onec.odata.query import Query, guid, split
from abcxyz_onec.profiles.schema import Targets
from abcxyz_onec.targets.writes import Change, Wanted, put, take_away

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
        """Find the nine segments; none is ever created.

        Raises
        ------
        ConfigError
            Some are not there, or twice.
        """
        if self._keys:
            return self._keys
        asked = Query(self.names.segments, NAMED)
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

    def _stored(self) -> dict[str, set[str]]:
        of_key = {key: segment for segment, key in self.keys().items()}
        asked = Query(self.names.members, ("Сегмент_Key", "Партнер_Key"))
        refuse(lacking(self.client, [asked]))
        stored: dict[str, set[str]] = {}
        links = [f"Сегмент_Key eq {guid(key)}" for key in of_key]
        for query in split(asked, links):
            for row in table(self.client, query):
                segment = of_key[str(row["Сегмент_Key"]).lower()]
                stored.setdefault(str(row["Партнер_Key"]).lower(), set()).add(segment)
        return stored

    def plan(
        self, wanted: Mapping[str, Wanted], leave: frozenset[str]
    ) -> tuple[list[Change], int]:
        """List the changes, and count what is right already."""
        stored = {who: those for who, those in self._stored().items() if who not in leave}
        goal = {who: {each.segment} for who, each in wanted.items()}
        goal |= {
            who: those if self.lost == "keep" else set()
            for who, those in stored.items()
            if who not in wanted
        }
        changes = [
            Change(who, lambda who=who: self._move(who, stored.get(who, set()), goal[who]))  # type: ignore[misc]
            for who in goal
            if stored.get(who, set()) != goal[who]
        ]
        return changes, len(goal) - len(changes)

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
        stored = self._stored()
        return {
            who: ", ".join(sorted(stored.get(who, ())))
            for who in changed
            if stored.get(who, set()) != ({wanted[who].segment} if who in wanted else set())
        }
