"""Tests of readable names of OData sets."""

from __future__ import annotations

from abcxyz_onec.odata.names import readable_name


def test_names_are_readable() -> None:
    """A set is named as the tree of publication shows it."""
    assert readable_name("Catalog_КлючиАналитикиУчетаПоПартнерам") == (
        "Catalog «Ключи аналитики учета по партнерам»"
    )
