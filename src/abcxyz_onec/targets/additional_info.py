"""Target: additional information in its register, additional attributes in the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field

from abcxyz import SEGMENTS
from abcxyz.errors import BadDataError, ConfigError, UnavailableError
from abcxyz.http import NotSentError
from abcxyz_onec.catalogs.properties import Property, Values, find_property, read_values
from abcxyz_onec.catalogs.publication import raise_if_missing, unpublished
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.errors import ChangedError
from abcxyz_onec.odata.paging import table
from abcxyz_onec.odata.query import Query, guid, string
from abcxyz_onec.profiles.schema import Targets
from abcxyz_onec.targets.writes import (
    Change,
    Wanted,
    WritePlan,
    delete_record,
    lost_write,
    same_value,
    write_record,
)

__all__ = ["Attributes", "Extra", "read_property"]


@define
class _PropertyTarget:
    """Base of both targets.

    *lost* is the action on a customer with a value and without a class now: ``mark`` with
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
        """The property in 1C, looked up once."""
        if self._property is None:
            self._property = find_property(
                self.client, self.names, self.property_name, extra=self.extra
            )
        return self._property

    def rows(self) -> list[Row]:
        """Read the stored values, with the customer's reference as ``who``."""
        raise NotImplementedError

    def values(self, rows: Sequence[Row]) -> Values:
        """Return the encoding of values, detected once."""
        if self._values is None:
            texts = [*SEGMENTS, *([self.lost_text] if self.lost == "mark" else [])]
            present = {str(row.get("Значение_Type") or "") for row in rows}
            self._values = read_values(self.client, self.names, self.property, texts, present)
        return self._values

    def goal(
        self, wanted: Mapping[str, Wanted], stored: Mapping[str, str]
    ) -> dict[str, str | None]:
        """Return the text that each customer should have, or None."""
        goal: dict[str, str | None] = {who: each.segment for who, each in wanted.items()}
        for who, text in stored.items():
            if who not in wanted:
                actions = {"mark": self.lost_text, "delete": None, "keep": text}
                goal[who] = actions[self.lost]
        return goal

    def plan(self, wanted: Mapping[str, Wanted], changeable: frozenset[str]) -> WritePlan:
        """Return the changes, and the number of customers that need none."""
        rows = self.rows()
        values = self.values(rows)
        shown = changeable | wanted.keys()
        stored = {str(row["who"]): values.text(row) for row in rows if row["who"] in shown}
        goal = self.goal(wanted, stored)
        changes = [
            Change(who, lambda who=who, text=text: self.write(who, text, who in stored))  # type: ignore[misc]
            for who, text in goal.items()
            if stored.get(who) != text
        ]
        return changes, len(goal) - len(changes)

    def differing(self, changed: Sequence[str], wanted: Mapping[str, Wanted]) -> Mapping[str, str]:
        """Read the values back and compare."""
        rows = self.rows()
        values = self.values(rows)
        stored = {str(row["who"]): values.text(row) for row in rows}
        gone = dict.fromkeys(changed, self.lost_text if self.lost == "mark" else None)
        goal = gone | {who: each.segment for who, each in wanted.items()}
        return {who: stored.get(who, "") for who in changed if stored.get(who) != goal[who]}

    def write(self, who: str, text: str | None, known: bool, /) -> None:
        """Write *text* for one customer, or delete the value."""
        raise NotImplementedError


@define
class Extra(_PropertyTarget):
    """One record per customer in the register of additional information."""

    extra = True

    @property
    def _kind(self) -> str:
        return f"StandardODATA.{self.catalog}"

    def query(self) -> Query:
        """Return the query of the records of the property."""
        return Query(
            self.names.extra,
            ("Объект", "Объект_Type", "Свойство_Key", "Значение", "Значение_Type"),
            where=f"Свойство_Key eq {guid(self.property.reference)}",
        )

    def rows(self) -> list[Row]:
        """Read the records of customers; other objects may have the property too."""
        raise_if_missing(unpublished(self.client, [self.query()]))
        records = table(self.client, self.query())
        return [
            {**row, "who": str(row["Объект"]).lower()}
            for row in records
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
            delete_record(self.client, self.names.extra, key)
            return
        assert self._values is not None
        fields = {
            "Объект": who,
            "Объект_Type": self._kind,
            "Свойство_Key": self.property.reference,
            **self._values.fields(text),
        }
        write_record(self.client, self.names.extra, key, fields, known=known)


@define
class Attributes(_PropertyTarget):
    """A row in the additional attributes of the card, a table that is written as a whole."""

    extra = False

    def rows(self) -> list[Row]:
        """Read the rows of the property, of all cards."""
        query = Query(
            f"{self.catalog}_{self.names.section}",
            ("Ref_Key", "LineNumber", "Свойство_Key", "Значение", "Значение_Type"),
            where=f"Свойство_Key eq {guid(self.property.reference)}",
        )
        raise_if_missing(unpublished(self.client, [query]))
        return [{**row, "who": str(row["Ref_Key"]).lower()} for row in table(self.client, query)]

    def write(self, who: str, text: str | None, _known: bool, /) -> None:
        """Change one row of the card and write the table; once more if the card changed."""
        try:
            self._write(who, text)
        except ChangedError:
            self._write(who, text)

    def _write(self, who: str, text: str | None) -> None:
        section = self.names.section
        card = self.client.get_object(self.catalog, who)
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
            # The write is not repeated; reading shows whether it was applied.
            answer = self.client.get_object(self.catalog, who)
            if not _equal_rows(self._rows(answer), rows):
                raise lost_write(self.catalog) from None
        if not _equal_rows(self._rows(answer), rows):
            raise BadDataError(
                "1C answered that it wrote {what}, and kept something else in {name}; check the "
                "type and the length of that field in 1C",
                what=self.catalog,
                name=section,
            )

    def _rows(self, card: Row) -> list[Row]:
        """Return the rows of the card without fields that may not be sent back."""
        return [
            {name: value for name, value in row.items() if name != "Ref_Key" and "@" not in name}
            for row in card.get(self.names.section) or ()
        ]


def read_property(client: Client, names: Targets, catalog: str, wanted: str) -> Mapping[str, str]:
    """Read the texts of an additional property by customer, from the register or the cards.

    Raises
    ------
    ConfigError
        There is no such property, or its object is not published.
    """
    problem: ConfigError | None = None
    for kind in (Extra, Attributes):
        target = kind(client, names, catalog, wanted, "keep", "")
        try:
            rows = target.rows()
        except ConfigError as error:
            problem = problem or error
            continue
        present = {str(row.get("Значение_Type") or "") for row in rows}
        values = read_values(client, names, target.property, (), present)
        return {str(row["who"]): values.text(row) for row in rows}
    assert problem is not None
    raise problem


def _equal_rows(left: Sequence[Row], right: Sequence[Row]) -> bool:
    return len(left) == len(right) and all(
        same_value(one.get(name), value)
        for one, other in zip(left, right, strict=True)
        for name, value in other.items()
    )
