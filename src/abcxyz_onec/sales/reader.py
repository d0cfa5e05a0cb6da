"""Protocol of the readers of sales, and the field of the customer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol, TypeAlias

from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.paging import Stretch
from abcxyz_onec.odata.query import Query
from abcxyz_onec.profiles.schema import Document, Profile, Register
from abcxyz_onec.sales.lines import LineColumns, Party

__all__ = ["Part", "Reader", "party_of"]

Part: TypeAlias = Stretch[LineColumns]
"""Columns of the sales of a stretch of days."""


class Reader(Protocol):
    """Reader of a window in parts; a part can be read again without the others."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts, in the order in which they are read."""

    def queries(self) -> list[Query]:
        """Return the queries, without dates, to check the names in them."""

    def read(self, client: Client, part: str, since: date, until: date, /) -> Iterator[Part]:
        """Yield consecutive stretches of ``since <= day < until``."""

    def changed(self, client: Client, part: str, read: Sequence[Part], /) -> list[Part]:
        """Return the stretches that differ from 1C by now, as documents were dated otherwise."""


def party_of(client: Client, profile: Profile, entity: str, names: Register | Document) -> Party:
    """Return the field with the customer of a row."""
    if isinstance(names, Register) and names.key:
        return Party(names.key)
    name = names.partner if entity == "partner" and names.partner else names.counterparty
    name = name or names.partner
    catalog = profile.counterparty.entity
    source = names.flat if isinstance(names, Register) else names.entity
    known = client.metadata().sets.get(source)
    composite = known is not None and f"{name}_Type" in known.fields
    return Party(name, f"StandardODATA.{catalog}" if composite else "")
