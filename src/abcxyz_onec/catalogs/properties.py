"""Additional properties of БСП and the encoding of their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from abcxyz.errors import ConfigError
from abcxyz_onec.catalogs.customers import published_fields
from abcxyz_onec.catalogs.publication import raise_if_missing, unpublished
from abcxyz_onec.odata.answers import as_reference
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.paging import table
from abcxyz_onec.odata.query import Query, guid
from abcxyz_onec.profiles.schema import Targets

__all__ = ["NAMED", "Property", "Values", "find_property", "read_values"]

NAMED = ("Ref_Key", "Description", "DeletionMark")
"""Fields of any catalog: reference, name and mark for deletion."""

_SHARED = "ВладелецДополнительныхЗначений_Key"  # the property whose list of values is used


@frozen
class Property:
    """An additional property: its reference, its name, and the property with its list of values.

    Properties may share one list, which belongs to one of them.
    """

    reference: str
    name: str
    values_owner: str


@frozen
class Values:
    """Encoding of texts: plain strings, or elements of a list of values."""

    kind: str
    elements: Mapping[str, str]

    def fields(self, text: str) -> Row:
        """Encode *text* as a composite field: the value and its type."""
        value = self.elements[text] if self.elements else text
        return {"Значение": value, "Значение_Type": self.kind}

    def text(self, row: Row) -> str:
        """Decode the value of a row."""
        if not self.elements:
            return str(row.get("Значение") or "").rstrip()
        reference = as_reference(row.get("Значение"))
        return next((text for text, each in self.elements.items() if each == reference), "")


def find_property(client: Client, names: Targets, wanted: str, *, extra: bool) -> Property:
    """Find the property named *wanted*, by its identifier or by its title.

    Parameters
    ----------
    client, names
        Client of the base, and the names of its objects.
    wanted
        Name as in the job.
    extra
        Whether to look for additional information, stored in a register, rather than for an
        additional attribute, stored in the card.

    Raises
    ------
    ConfigError
        There is none, or several; a property is never created.
    """
    flag = "ЭтоДополнительноеСведение"
    query = Query(
        names.properties,
        (
            *NAMED,
            *published_fields(client.metadata(), names.properties, ("Имя", _SHARED)),
        ),
        where=f"{flag} eq {'true' if extra else 'false'}",
    )
    raise_if_missing(unpublished(client, [query]))
    matches = [
        row
        for row in table(client, query)
        if row.get("DeletionMark") is not True
        and wanted in (str(row.get("Имя") or "").strip(), str(row["Description"]).strip())
    ]
    if len(matches) != 1:
        raise ConfigError(
            "1C has {count} additional information records called {name!r}, and one is needed; "
            "make one of the type string for the customers in Администрирование → Общие настройки "
            "→ Дополнительные реквизиты и сведения, or name another in property"
            if extra
            else "1C has {count} additional attributes called {name!r}, and one is needed; make "
            "one of the type string for the customers in Администрирование → Общие настройки → "
            "Дополнительные реквизиты и сведения, or name another in property",
            count=len(matches),
            name=wanted,
        )
    reference = str(matches[0]["Ref_Key"]).lower()
    return Property(reference, wanted, as_reference(matches[0].get(_SHARED)) or reference)


def read_values(
    client: Client, names: Targets, each: Property, texts: Iterable[str], present: Iterable[str]
) -> Values:
    """Detect the encoding of a property: text, or the elements of a list.

    Parameters
    ----------
    client, names
        Client of the base, and the names of its objects.
    each
        The property.
    texts
        Texts that may be written.
    present
        Types of the values stored now.

    Raises
    ------
    ConfigError
        The list lacks some of *texts*.
    """
    kind = f"StandardODATA.{names.values}"
    query = Query(
        names.values,
        NAMED,
        where=f"Owner_Key eq {guid(each.values_owner)}",
    )
    missing = unpublished(client, [query])
    if kind in set(present):
        raise_if_missing(missing)
    rows = [] if missing else table(client, query)
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
