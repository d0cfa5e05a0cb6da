"""Target: additional properties, beside the customer's card or inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field

from abcxyz import SEGMENTS
from abcxyz.errors import BadDataError, ConfigError, UnavailableError
from abcxyz.http import NotSentError
from abcxyz_onec.catalogs.properties import Property, Values, find_property, read_values
from abcxyz_onec.catalogs.publication import lacking, refuse
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.errors import ChangedError
from abcxyz_onec.odata.paging import table
from abcxyz_onec.odata.query import Query, guid, string
from abcxyz_onec.profiles.schema import Targets
from abcxyz_onec.targets.writes import Change, Wanted, not_arrived, put, same, take_away

__all__ = ["Attributes", "Extra", "texts_of"]


@define
class _Cards:
    """What both places have in common.

    *lost* says what becomes of a customer that has a value and no class any more: ``mark`` with
    *lost_text*, ``delete``, or ``keep``.
    """

    client: Client
    names: Targets
    catalog: str
    property_name: str
    lost: str
    lost_text: str
    _property: Property | None = field(default=None, init=False)
    _values: Values | None = field(default=None, init=False)
    extra = True

    @property
    def property(self) -> Property:
        """The property in 1C, found once."""
        if self._property is None:
            self._property = find_property(
                self.client, self.names, self.property_name, extra=self.extra
            )
        return self._property

    def rows(self) -> list[Row]:
        """Read the values that are there, with the customer's reference as ``who``."""
        raise NotImplementedError

    def values(self, rows: Sequence[Row]) -> Values:
        """Find out how values are written."""
        if self._values is None:
            texts = [*SEGMENTS, *([self.lost_text] if self.lost == "mark" else [])]
            present = {str(row.get("Значение_Type") or "") for row in rows}
            self._values = read_values(self.client, self.names, self.property, texts, present)
        return self._values

    def goal(
        self, wanted: Mapping[str, Wanted], stored: Mapping[str, str]
    ) -> dict[str, str | None]:
        """Say what each customer should show: a text, or nothing."""
        goal: dict[str, str | None] = {who: each.segment for who, each in wanted.items()}
        for who, text in stored.items():
            if who not in wanted:
                fates = {"mark": self.lost_text, "delete": None, "keep": text}
                goal[who] = fates[self.lost]
        return goal

    def plan(
        self, wanted: Mapping[str, Wanted], leave: frozenset[str]
    ) -> tuple[list[Change], int]:
        """List the changes, and count what is right already."""
        rows = self.rows()
        values = self.values(rows)
        stored = {str(row["who"]): values.text(row) for row in rows if row["who"] not in leave}
        goal = self.goal(wanted, stored)
        changes = [
            Change(who, lambda who=who, text=text: self.write(who, text, who in stored))  # type: ignore[misc]
            for who, text in goal.items()
            if stored.get(who) != text
        ]
        return changes, len(goal) - len(changes)

    def differing(self, changed: Sequence[str], wanted: Mapping[str, Wanted]) -> Mapping[str, str]:
        """Read once more and compare."""
        rows = self.rows()
        values = self.values(rows)
        stored = {str(row["who"]): values.text(row) for row in rows}
        gone = dict.fromkeys(changed, self.lost_text if self.lost == "mark" else None)
        goal = gone | {who: each.segment for who, each in wanted.items()}
        return {who: stored.get(who, "") for who in changed if stored.get(who) != goal[who]}

    def write(self, who: str, text: str | None, known: bool, /) -> None:
        """Make one customer show *text*, or nothing."""
        raise NotImplementedError


@define
class Extra(_Cards):
    """One small record per customer in the register of additional information."""

    extra = True

    @property
    def _kind(self) -> str:
        return f"StandardODATA.{self.catalog}"

    def query(self) -> Query:
        """Ask for the records of the property."""
        return Query(
            self.names.extra,
            ("Объект", "Объект_Type", "Свойство_Key", "Значение", "Значение_Type"),
            where=f"Свойство_Key eq {guid(self.property.reference)}",
        )

    def rows(self) -> list[Row]:
        """Read the records about customers; others may have the property too."""
        refuse(lacking(self.client, [self.query()]))
        found = table(self.client, self.query())
        return [
            {**row, "who": str(row["Объект"]).lower()}
            for row in found
            if row["Объект_Type"] == self._kind
        ]

    def write(self, who: str, text: str | None, known: bool, /) -> None:
        """Create, change or delete the record."""
        key = {
            "Объект": string(who),
            "Объект_Type": string(self._kind),
            "Свойство_Key": guid(self.property.reference),
        }
        if text is None:
            take_away(self.client, self.names.extra, key)
            return
        assert self._values is not None
        fields = {
            "Объект": who,
            "Объект_Type": self._kind,
            "Свойство_Key": self.property.reference,
            **self._values.fields(text),
        }
        put(self.client, self.names.extra, key, fields, known=known)


@define
class Attributes(_Cards):
    """A row in the table of additional attributes of the card, which is written as a whole."""

    extra = False

    def rows(self) -> list[Row]:
        """Read the rows of the property, of all cards."""
        asked = Query(
            f"{self.catalog}_{self.names.section}",
            ("Ref_Key", "LineNumber", "Свойство_Key", "Значение", "Значение_Type"),
            where=f"Свойство_Key eq {guid(self.property.reference)}",
        )
        refuse(lacking(self.client, [asked]))
        return [{**row, "who": str(row["Ref_Key"]).lower()} for row in table(self.client, asked)]

    def write(self, who: str, text: str | None, _known: bool, /) -> None:
        """Read the card, change its one row, and write the table; once again if it moved on."""
        try:
            self._write(who, text)
        except ChangedError:
            self._write(who, text)

    def _write(self, who: str, text: str | None) -> None:
        section = self.names.section
        card = self.client.one(self.catalog, who)
        rows = self._rows(card)
        mine = [row for row in rows if str(row["Свойство_Key"]).lower() == self.property.reference]
        if text is None:
            rows = [row for row in rows if row not in mine]
        else:
            assert self._values is not None
            row = mine[0] if mine else {"Свойство_Key": self.property.reference}
            row |= {**self._values.fields(text), "ТекстоваяСтрока": ""}
            rows += [] if mine else [row]
        for number, row in enumerate(rows, 1):
            row["LineNumber"] = str(number)
        key, version = {"Ref_Key": guid(who)}, str(card.get("DataVersion") or "")
        try:
            answer = self.client.change(self.catalog, key, {section: rows}, version=version)
        except NotSentError:
            raise
        except UnavailableError:
            # Never the same request again: look whether it has arrived.
            answer = self.client.one(self.catalog, who)
            if not _alike(self._rows(answer), rows):
                raise not_arrived(self.catalog) from None
        if not _alike(self._rows(answer), rows):
            raise BadDataError(
                "1C answered that it wrote {what}, and kept something else in {name}; check the "
                "type and the length of that field in 1C",
                what=self.catalog,
                name=section,
            )

    def _rows(self, card: Row) -> list[Row]:
        """Take the rows as they may be sent back."""
        return [
            {name: value for name, value in row.items() if name != "Ref_Key" and "@" not in name}
            for row in card.get(self.names.section) or ()
        ]


def texts_of(client: Client, names: Targets, catalog: str, wanted: str) -> Mapping[str, str]:
    """Read what an additional property says of each customer, wherever it stands.

    Raises
    ------
    ConfigError
        There is no such property, or its place is not published.
    """
    problem: ConfigError | None = None
    for kind in (Extra, Attributes):
        place = kind(client, names, catalog, wanted, "keep", "")
        try:
            rows = place.rows()
        except ConfigError as found:
            problem = problem or found
            continue
        present = {str(row.get("Значение_Type") or "") for row in rows}
        values = read_values(client, names, place.property, (), present)
        return {str(row["who"]): values.text(row) for row in rows}
    assert problem is not None
    raise problem


def _alike(left: Sequence[Row], right: Sequence[Row]) -> bool:
    return len(left) == len(right) and all(
        same(one.get(name), value)
        for one, other in zip(left, right, strict=True)
        for name, value in other.items()
    )
