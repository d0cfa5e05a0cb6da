"""Tests of the metadata: cache and streaming parser."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest
from tests.clocks import NoWait
from tests.emulators.onec.base import Base, Company

from abcxyz_onec.odata.client import Client, connect
from abcxyz_onec.odata.errors import (
    UnknownNameError,
)
from abcxyz_onec.odata.metadata import parse as parse_metadata
from abcxyz_onec.odata.paging import table
from abcxyz_onec.odata.query import Query

_PARTNERS = Query("Catalog_Партнеры", ("Ref_Key", "Description"))


def test_unknown_names_are_not_sent(client: Client, base: Base) -> None:
    """A field that is not published is refused before a request is sent."""
    client.metadata()
    before = len(base.log)
    with pytest.raises(UnknownNameError, match=r"Catalog_Партнеры\.Нет"):
        list(table(client, Query("Catalog_Партнеры", ("Нет",))))
    assert len(base.log) == before


def test_metadata_cache(client: Client, base: Base, company: Company, tmp_path: Path) -> None:
    """Metadata are read once, cached on disk, and dropped when 1C does not know a name."""
    client.cache = tmp_path
    first = client.metadata()
    again = connect(base.url, "Робот", "пароль-7Щ", cache=tmp_path, clock=NoWait())
    assert again.metadata() == first
    assert sum(each.path.endswith("$metadata") for each in base.log) == 1
    company.store.unpublished.add("Catalog_Партнеры")
    with pytest.raises(UnknownNameError):
        list(table(again, _PARTNERS))
    assert not again.metadata().has("Catalog_Партнеры")
    for file in tmp_path.iterdir():
        file.write_text("{", encoding="utf-8")
    client.forget()
    assert not client.metadata().has("Catalog_Партнеры")


def test_large_metadata_are_parsed_as_a_stream() -> None:
    """Large metadata are parsed without a whole tree in memory."""
    field = '<Property Name="Поле{0}" Type="Edm.String"/><NavigationProperty Name="Поле{0}"/>'
    inside = "<Key><PropertyRef Name='Ref_Key'/></Key>" + "".join(map(field.format, range(20)))
    body = "".join(
        f'<{kind} Name="Catalog_{number}">{inside}</{kind}>'
        for number in range(500)
        for kind in ("EntityType", "ComplexType")
    )
    document = f'<e:Edmx xmlns:e="x"><Schema xmlns="y">{body}</Schema></e:Edmx>'.encode()
    tracemalloc.start()
    try:
        metadata = parse_metadata(io.BytesIO(document))
        remaining, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(metadata.sets), metadata.sets["Catalog_7"].key) == (500, ("Ref_Key",))
    # The whole tree would take ten times its length.
    assert peak - remaining < len(document)
