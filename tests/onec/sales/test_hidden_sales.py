"""Which objects with sales hide rows from the user."""

from __future__ import annotations

from tests.emulators.onec.base import Base, Company
from tests.onec.sales_fixtures import FLAT, SALE, Make

from abcxyz_onec.odata.client import Client
from abcxyz_onec.sales.published_readers import hidden_sales

KEYS = "Catalog_КлючиАналитикиУчетаПоПартнерам"


def test_each_object_that_hides_rows_is_named(
    source: Make, client: Client, base: Base, company: Company
) -> None:
    """The keys of the register, its records and the documents; what is not published is not."""
    profile = source()._profile
    assert hidden_sales(client, profile, "partner") == ()
    base.restricted.add("Робот")
    store = base.store
    rows = {KEYS: store.rows[KEYS][0]["Ref_Key"], SALE: store.rows[SALE][0]["Ref_Key"],
            FLAT: store.rows[KEYS][0]["Ref_Key"]}  # fmt: skip
    for name, one in rows.items():
        store.hidden.clear()
        store.hidden[name] = {one}
        assert hidden_sales(client, profile, "partner") == (name,)
    store.hidden.update({name: {one} for name, one in rows.items()})
    assert set(hidden_sales(client, profile, "partner")) == set(rows)
    assert "Catalog_Партнеры" not in hidden_sales(client, profile, "partner")
