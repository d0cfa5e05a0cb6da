"""Old portals that have ``crm.deal.*`` and its like instead of ``crm.item.*``."""

from __future__ import annotations

import pytest
from tests.bitrix.sink_helpers import SEGMENTS, shown
from tests.bitrix.source_helpers import YEAR, lines, many
from tests.emulators.bitrix24.harness import Rig, analysis_of
from tests.emulators.bitrix24.methods import METHODS
from tests.emulators.bitrix24.portal import COMPANY

from abcxyz.core.sales.transactions import concat
from abcxyz.errors import BadDataError
from abcxyz_bitrix.enricher import BitrixEnricher
from abcxyz_bitrix.sink import BitrixSink
from abcxyz_bitrix.source import BitrixSource


@pytest.fixture
def old(site: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Take the newer methods from a portal."""
    many(site, 300)
    site.portal.add_company("Василёк")
    site.portal.add_contact("Иван")
    for name in [name for name in METHODS if name.startswith(("crm.item.", "crm.category."))]:
        monkeypatch.delitem(METHODS, name)
    return site


def test_sales_and_cards_by_older_methods(old: Rig) -> None:
    """Sales, attributes and cards are the same by the older methods."""
    client = old.another(legacy=True)
    source = BitrixSource(client=client, names=True)
    sales = concat(source.transactions(YEAR))
    stored = old.portal.state.tables[2].rows.values()
    assert len(sales) > 150
    assert len(sales) <= sum(row["stageId"] == "WON" for row in stored)
    assert BitrixSource(client=client).preflight()
    sink = BitrixSink(client=client)
    assert sink.preflight()
    assert sink.write(analysis_of(SEGMENTS), dry_run=False).written == 4
    assert shown(old, COMPANY, 1)["SEGMENT"] == "AX"
    assert sink.write(analysis_of(SEGMENTS), dry_run=False).written == 0
    attributes = BitrixEnricher(client=client, attributes={"created": "CREATED_TIME"})
    assert dict(attributes.customers(["CO_1"])["CO_1"])
    client.transport.close()


def test_older_and_newer_methods_give_the_same_sales(site: Rig) -> None:
    """On a portal with both, the sales are equal to the kopeck."""
    many(site, 300)
    client = site.another(legacy=True)
    older = lines(concat(BitrixSource(client=client).transactions(YEAR)))
    assert older == lines(concat(BitrixSource(client=site.client).transactions(YEAR)))
    assert site.portal.journal.run["crm.deal.list"] > 0
    client.transport.close()


def test_portal_without_newer_methods_needs_the_option(old: Rig) -> None:
    """Without the option the message names the method that the portal lacks."""
    with pytest.raises(BadDataError, match=r"crm\.item\.fields"):
        list(BitrixSource(client=old.client).transactions(YEAR))
