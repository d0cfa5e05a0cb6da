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
    Comparison,
    Wanted,
    delete_record,
    lost_write,
    same_value,
    write_record,
)

__all__ = ["Attributes", "Extra", "read_property"]

_VALUE = ("Значение", "Значение_Type")
_VERSIONS = ("AAAAAAAAAAA=", "AAAAAAAAAAE=")  # of an object that was hardly ever written


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
    def ignores_versions(self) -> bool:
        """Records of a register have no versions."""
        return False

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

    def plan(self, wanted: Mapping[str, Wanted], changeable: frozenset[str]) -> Comparison:
        """Compare what 1C stores with *wanted*."""
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
        return Comparison(
            changes,
            len(goal) - len(changes),
            {who: text for who, text in stored.items() if text in SEGMENTS},
            {who: text if text in SEGMENTS else "" for who, text in goal.items()},
        )

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
        assert self._values is not None  # a plan detects the encoding
        self.write_fields(who, None if text is None else self._values.fields(text), known)

    def write_fields(self, who: str, fields: Row | None, known: bool, /) -> None:
        """Write the value and its type for one customer, or delete the value."""
        raise NotImplementedError

    def stored_fields(self, references: Sequence[str]) -> Mapping[str, Row]:
        """Return the value and its type, of each of *references*."""
        stored: dict[str, Row] = {who: dict.fromkeys(_VALUE) for who in references}
        for row in self.rows():
            if row["who"] in stored:
                stored[str(row["who"])] = {name: row.get(name) for name in _VALUE}
        return stored

    def restore(self, reference: str, fields: Row) -> bool:
        """Write the value and its type, or delete the value."""
        now = self.stored_fields([reference])[reference]
        if now == fields:
            return False
        before = None if fields.get("Значение") is None else fields
        self.write_fields(reference, before, now["Значение"] is not None)
        return True


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

    def write_fields(self, who: str, fields: Row | None, known: bool, /) -> None:
        """Create, change or delete the record."""
        key = {
            "Объект": string(who),
            "Объект_Type": string(self._kind),
            "Свойство_Key": guid(self.property.reference),
        }
        if fields is None:
            delete_record(self.client, self.names.extra, key)
            return
        whole = {
            "Объект": who,
            "Объект_Type": self._kind,
            "Свойство_Key": self.property.reference,
            **fields,
        }
        write_record(self.client, self.names.extra, key, whole, known=known)


@define
class Attributes(_PropertyTarget):
    """A row in the additional attributes of the card, a table that is written as a whole.

    Some bases ignore ``If-Match``. The first write sends another version than the card has: a
    base that answers 412 compares versions, one that writes does not. There the card is read
    again right before each write and after it.
    """

    extra = False
    compares_versions: bool | None = field(default=None, init=False)

    def rows(self) -> list[Row]:
        """Read the rows of the property, of all cards."""
        query = Query(
            f"{self.catalog}_{self.names.section}",
            ("Ref_Key", "LineNumber", "Свойство_Key", "Значение", "Значение_Type"),
            where=f"Свойство_Key eq {guid(self.property.reference)}",
        )
        raise_if_missing(unpublished(self.client, [query]))
        return [{**row, "who": str(row["Ref_Key"]).lower()} for row in table(self.client, query)]

    def write_fields(self, who: str, fields: Row | None, _known: bool, /) -> None:
        """Change one row of the card and write the table; once more if the card changed."""
        try:
            self._write(who, fields)
        except ChangedError:
            self._write(who, fields)

    def _write(self, who: str, fields: Row | None) -> None:
        section = self.names.section
        card = self.client.get_object(self.catalog, who)
        rows = self._rows(card)
        mine = [row for row in rows if str(row["Свойство_Key"]).lower() == self.property.reference]
        if fields is None:
            rows = [row for row in rows if row not in mine]
        else:
            row = mine[0] if mine else {"Свойство_Key": self.property.reference}
            row |= {**fields, "ТекстоваяСтрока": ""}
            rows += [] if mine else [row]
        for number, row in enumerate(rows, 1):
            row["LineNumber"] = str(number)
        try:
            answer = self._change(who, str(card.get("DataVersion") or ""), {section: rows})
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

    def _change(self, who: str, version: str, fields: Row) -> Row:
        """Write fields of a card that has this version."""
        key = {"Ref_Key": guid(who)}
        if self.compares_versions is None and version:
            other = next(each for each in _VERSIONS if each != version)
            try:
                self.client.change(self.catalog, key, fields, version=other)
            except ChangedError:
                self.compares_versions = True
            else:
                self.compares_versions = False
                return self.client.get_object(self.catalog, who)
        if self.compares_versions is False:
            current = self.client.get_object(self.catalog, who).get("DataVersion")
            if current != version:
                raise ChangedError(
                    "{what} changed in 1C since it was read; run again", what=self.catalog
                )
            self.client.change(self.catalog, key, fields, version=version)
            return self.client.get_object(self.catalog, who)
        return self.client.change(self.catalog, key, fields, version=version)

    @property
    def ignores_versions(self) -> bool:
        """Whether the base wrote a card though another version was sent."""
        return self.compares_versions is False

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
