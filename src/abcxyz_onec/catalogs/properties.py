"""Additional properties of БСП, and how their values are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from abcxyz.errors import ConfigError
from abcxyz_onec.catalogs.customers import published
from abcxyz_onec.catalogs.publication import lacking, refuse
from abcxyz_onec.odata.answers import as_reference
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.paging import table
from abcxyz_onec.odata.query import Query, guid
from abcxyz_onec.profiles.schema import Targets

__all__ = ["NAMED", "Property", "Values", "find_property", "read_values"]

NAMED = ("Ref_Key", "Description", "DeletionMark")
"""Fields that name an element of any catalog and say whether it is to be deleted."""


@frozen
class Property:
    """An additional property: its reference and its name."""

    reference: str
    name: str


@frozen
class Values:
    """How texts are written: as they are, or as elements of a list."""

    kind: str
    elements: Mapping[str, str]

    def fields(self, text: str) -> Row:
        """Write *text* as the value of a composite field; the type always goes with it."""
        value = self.elements[text] if self.elements else text
        return {"Значение": value, "Значение_Type": self.kind}

    def text(self, row: Row) -> str:
        """Read a value back."""
        if not self.elements:
            return str(row.get("Значение") or "").rstrip()
        found = as_reference(row.get("Значение"))
        return next((text for text, each in self.elements.items() if each == found), "")


def find_property(client: Client, names: Targets, wanted: str, *, extra: bool) -> Property:
    """Find the property called *wanted*, as a name for programs or for people.

    Parameters
    ----------
    client, names
        The base and its names.
    wanted
        As in the job.
    extra
        An additional piece of information, which stands in a register; otherwise an additional
        attribute, which stands in the card.

    Raises
    ------
    ConfigError
        None, or several; nothing is ever created.
    """
    flag = "ЭтоДополнительноеСведение"
    asked = Query(
        names.properties,
        (
            *NAMED,
            *published(client.metadata(), names.properties, ("Имя",)),
        ),
        where=f"{flag} eq {'true' if extra else 'false'}",
    )
    refuse(lacking(client, [asked]))
    found = [
        row
        for row in table(client, asked)
        if row.get("DeletionMark") is not True
        and wanted in (str(row.get("Имя") or "").strip(), str(row["Description"]).strip())
    ]
    if len(found) != 1:
        raise ConfigError(
            "1C has {count} additional information records called {name!r}, and one is needed; "
            "make one of the type string for the customers in Администрирование → Общие настройки "
            "→ Дополнительные реквизиты и сведения, or name another in property"
            if extra
            else "1C has {count} additional attributes called {name!r}, and one is needed; make "
            "one of the type string for the customers in Администрирование → Общие настройки → "
            "Дополнительные реквизиты и сведения, or name another in property",
            count=len(found),
            name=wanted,
        )
    return Property(str(found[0]["Ref_Key"]).lower(), wanted)


def read_values(
    client: Client, names: Targets, each: Property, texts: Iterable[str], present: Iterable[str]
) -> Values:
    """Find out whether the property takes text, or the elements of a list.

    Parameters
    ----------
    client, names
        The base and its names.
    each
        The property.
    texts
        All that may be written.
    present
        Types of the values that are there now.

    Raises
    ------
    ConfigError
        It takes a list that lacks some of them.
    """
    kind = f"StandardODATA.{names.values}"
    asked = Query(
        names.values,
        NAMED,
        where=f"Owner_Key eq {guid(each.reference)}",
    )
    missing = lacking(client, [asked])
    if kind in set(present):
        refuse(missing)
    rows = [] if missing else table(client, asked)
    elements = {
        str(row["Description"]).strip(): str(row["Ref_Key"]).lower()
        for row in rows
        if row.get("DeletionMark") is not True
    }
    if not elements:
        return Values("Edm.String", {})
    absent = [text for text in texts if text not in elements]
    if absent:
        raise ConfigError(
            "the property {name!r} takes its values from a list, which lacks {values}; add them "
            "to the list in 1C",
            name=each.name,
            values=", ".join(absent),
        )
    return Values(kind, elements)
