"""The source, against an emulated portal over TCP."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.bitrix.source_helpers import YEAR, lines, many, read
from tests.emulators.bitrix24.harness import START, Rig, rig
from tests.emulators.bitrix24.portal import COMPANY, CONTACT, DEAL, INVOICE, Portal, VirtualClock

from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import concat
from abcxyz.errors import AuthenticationError, ConfigError
from abcxyz_bitrix.source import BitrixSource


def test_data_quality_counts_omitted_deals(site: Rig) -> None:
    """After a reading the source counts rows, omitted deals and sources of dates."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(2, "2025-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(4, "2026-02-04T10:00:00+03:00")
    site.portal.state.ignored_filters.add("movedTime")
    source = BitrixSource(client=site.client)
    assert len(concat(source.transactions(YEAR))) == 1
    quality = source.data_quality()
    assert (quality.rows, quality.used) == (3, 2)
    assert [(one.kind, one.count, one.treatment) for one in quality.issues] == [
        ("no_customer", 1, "left_out")
    ]


def test_companies_are_named_and_people_are_not(site: Rig) -> None:
    """With ``names`` the titles of buying companies are read; contacts have none."""
    site.portal.add_requisite(COMPANY, 1, inn="7707083893")
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", contact=1)
    source = BitrixSource(client=site.client, names=True, customer_id="inn")
    list(source.transactions(YEAR))
    assert source.customer_names() == {"7707083893": "Ромашка"}


def test_halves_add_up_to_the_whole(site: Rig) -> None:
    """Split anywhere, two windows hold exactly the sales of the whole one."""
    many(site, 400)
    whole = lines(read(site))
    assert len(whole) > 250
    for day in (date(2026, 1, 2), date(2026, 2, 28), date(2026, 4, 30)):
        halves = read(site, Window(YEAR.since, day)), read(site, Window(day, YEAR.until))
        assert sorted(lines(halves[0]) + lines(halves[1])) == whole


def test_dense_history_is_read_whole(site: Rig) -> None:
    """Deals won so often that their history fills several pages still get their last win."""
    for _ in range(3):
        site.portal.add_won_deal(1, "2026-01-05T10:00:00+03:00", company=1)
    for turn in range(40):
        day = date(2026, 1, 6) + timedelta(days=turn)
        for deal in (1, 2, 3):
            site.portal.move(DEAL, deal, "NEW", at=f"{day}T10:00:00+03:00")
            site.portal.move(DEAL, deal, "WON", at=f"{day}T11:00:00+03:00")
    assert {day for _, day, _ in lines(read(site))} == {"2026-02-14"}


def test_texts_and_numbers_are_both_read(site: Rig) -> None:
    """A stage history of texts gives the same result as one of numbers."""
    many(site, 60)
    expected = lines(read(site))
    site.portal.state.history_texts = True
    assert lines(read(site)) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"basis": "orders"}, "won, invoices, payments"),
        ({"customer": "person"}, "company-or-contact"),
        ({"timezone": "Mars/Olympus"}, "Europe/Moscow"),
        ({"cost": "guess"}, "products"),
        ({"currency": "portal", "rates": {"USD": 1}}, "exclude each other"),
    ],
)
def test_wrong_options_list_the_known_values(
    site: Rig, options: dict[str, Any], message: str
) -> None:
    """An option that is not understood is refused before any request."""
    with pytest.raises(ConfigError, match=message):
        BitrixSource(client=site.client, **options)
    assert site.portal.journal.total == 0


def test_missing_scope_is_named() -> None:
    """The preflight names the scope that the webhook lacks."""
    portal = Portal(clock=VirtualClock(START))
    portal.hook.scopes = frozenset({"im"})
    with rig(portal) as site, pytest.raises(AuthenticationError, match="scope crm"):
        BitrixSource(client=site.client).preflight()


def test_clock_west_of_greenwich_needs_consent() -> None:
    """Where the portal may show dates a day early, an option is required."""
    with rig(zone=-5) as site:
        with pytest.raises(ConfigError, match="dates_as_shown"):
            read(site)
        assert len(read(site, dates_as_shown=True)) == 0


def test_repr_shows_no_secret(site: Rig) -> None:
    """The repr names the portal and shows no secret."""
    shown = repr(BitrixSource(client=site.client))
    assert "won" in shown
    assert site.portal.hook.secret not in shown


def test_names_of_fields_are_read_once(site: Rig) -> None:
    """Descriptions of fields are read once for each type of objects."""
    many(site, 100)
    read(site, names=True, customer_id="origin_id")
    assert site.portal.journal.run["crm.item.fields"] == 3  # deals, companies, contacts


def test_people_are_not_read(site: Rig) -> None:
    """No personal field and no wildcard is requested."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_paid_invoice(2, "2026-02-10T09:00:00+03:00", companyId=2)
    read(site)
    read(site, basis="invoices")
    requests = repr([request.params for request in site.portal.journal.requests])
    assert "*" not in requests.replace("%2A", "*")
    for word in ("phone", "email", "comments", "title"):
        assert word not in requests.lower()
    assert site.portal.row(CONTACT, 1) is not None
    assert site.portal.row(INVOICE, 1) is not None
