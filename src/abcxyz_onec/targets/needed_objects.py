"""Objects of 1C that each target needs, to check their publication and the rights to them."""

from __future__ import annotations

from abcxyz_onec.odata.query import Query
from abcxyz_onec.profiles.schema import Targets

__all__ = ["needed_queries"]


def needed_queries(into: str, names: Targets, catalog: str) -> list[Query]:
    """Return the queries of the objects that a target reads.

    Parameters
    ----------
    into
        The target, as in the sink.
    names
        Names of the objects.
    catalog
        Name of the set with the customers' cards.
    """
    stored = ("Свойство_Key", "Значение", "Значение_Type")
    properties = Query(names.properties, ("Ref_Key", "Description", "ЭтоДополнительноеСведение"))
    if into == "extra":
        return [Query(names.extra, ("Объект", "Объект_Type", *stored)), properties]
    if into == "attributes":
        section = f"{catalog}_{names.section}"
        return [Query(section, ("Ref_Key", "LineNumber", *stored)), properties]
    if into == "segment":
        return [
            Query(names.segments, ("Ref_Key", "Description")),
            Query(names.members, ("Сегмент_Key", "Партнер_Key")),
        ]
    return [Query(names.native)]
