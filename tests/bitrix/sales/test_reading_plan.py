"""What a reading asks for and remembers: bases, list, fingerprint, checkpoint and costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.bitrix.source_helpers import YEAR, lines, many
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.harness import START, Rig, free, rig
from tests.emulators.bitrix24.portal import COMPANY, CONTACT, DEAL, INVOICE

from abcxyz.core.sales.transactions import concat
from abcxyz.errors import ConfigError
from abcxyz_bitrix.crm.currencies import Money
from abcxyz_bitrix.crm.entities import fields_of
from abcxyz_bitrix.rest.lists import Listing
from abcxyz_bitrix.sales.checkpoint import Checkpoint, checkpoints, fingerprint
from abcxyz_bitrix.sales.imports import Probe
from abcxyz_bitrix.sales.product_cost import with_cost
from abcxyz_bitrix.sales.reader import SaleOptions, SalesReader, entities_of, portal_offset
from abcxyz_bitrix.sales.sale import CODES, Sale, Tally
from abcxyz_bitrix.source import BitrixSource

PAID = "2026-02-10T09:00:00+03:00"
OPTIONS = SaleOptions(
    basis="won",
    customer="company-or-contact",
    funnels=(),
    exclude_stages=(),
    zone=None,
    cost=False,
    dated_by=None,
    money=Money("RUB", {"USD": 90.0, "EUR": 100.0}),
)


@pytest.mark.parametrize(
    ("basis", "entities"),
    [
        ("won", (DEAL,)),
        ("invoices", (INVOICE,)),
        ("payments", (DEAL, INVOICE)),
        ({"process": 128}, (128,)),
        ({"process": 1032}, (1032,)),
        ({"process": 127}, None),
        ({"process": 0}, None),
        ({"process": 1032, "other": 1}, None),
        ({"other": 1032}, None),
        ({}, None),
        ("orders", None),
    ],
)
def test_types_of_a_basis(
    basis: str | Mapping[str, int], entities: tuple[int, ...] | None
) -> None:
    """Smart processes begin at 128."""
    if entities is not None:
        assert entities_of(basis) == entities
    else:
        with pytest.raises(ConfigError, match="use one of won, invoices, payments, or"):
            entities_of(basis)
    assert evolve(OPTIONS, basis=basis).payments == (basis == "payments")


@pytest.mark.parametrize("hours", [3, 0, -5, 5.5])
def test_the_clock_of_a_portal(hours: float) -> None:
    """The offset of ``server.time``."""
    with rig(zone=hours, limits=free()) as site:
        assert portal_offset(site.client).utcoffset(None) == timedelta(hours=hours)


def reader_of(site: Rig, options: SaleOptions = OPTIONS, **more: Any) -> SalesReader:
    """Make a reader that keeps its notes."""
    notes: list[str] = []
    made = SalesReader(site.client, options, more.get("checkpoints", {}), Tally(), notes.append)
    assert repr(made).startswith("SalesReader(options=SaleOptions(")
    assert "client" not in repr(made)
    assert "note=" not in repr(made)
    return made


def test_a_fingerprint_names_all_that_matters(site: Rig) -> None:
    """A checkpoint is used again only where each of these is the same; no secret is in it."""
    names = fields_of(site.client, DEAL)
    listing = Listing(DEAL, ("id",), {"stageSemanticId": "S"})
    site.portal.add_category("Опт")
    costed = evolve(
        OPTIONS, cost=True, zone=UTC, funnels=("Опт",), exclude_stages=("LOSE",),
        dated_by="BEGINDATE",
    )  # fmt: skip
    known = "[('EUR', Decimal('100.0')), ('USD', Decimal('90.0'))]"
    for options, zone, rates in ((OPTIONS, "None", ""), (costed, "UTC", known)):
        reader = reader_of(site, options)
        choice = reader._choice(DEAL, names, {(COMPANY, 3)})
        choice = evolve(choice, imported=frozenset({date(2026, 4, 20), date(2026, 1, 2)}))
        assert reader._print_of(DEAL, listing, choice, YEAR) == {
            "host": site.client.credentials.host,
            "who": site.client.credentials.identity,
            "entity": DEAL,
            "select": ("id",),
            "where": {"stageSemanticId": "S"},
            "window": str(YEAR),
            "basis": "won",
            "funnels": options.funnels,
            "without": options.exclude_stages,
            "customer": "company-or-contact",
            "cost": options.cost,
            "rates": rates,
            "dated_by": options.dated_by,
            "imported": ["2026-01-02", "2026-04-20"],
            "zone": zone,
        }


def test_the_filter_of_sales(site: Rig) -> None:
    """Names of funnels and stages hold for the first type of objects, all count for the others."""
    whole = site.portal.add_category("Опт")
    site.portal.add_category("Счета", type_id=INVOICE)
    won = site.portal.stage("WON", whole)
    options = evolve(
        OPTIONS, basis="payments", funnels=("Опт",), exclude_stages=(won,), customer="company",
        zone=UTC, dated_by="CLOSEDATE",
    )  # fmt: skip
    reader = reader_of(site, options)
    out = {(COMPANY, 3)}
    first = reader._choice(DEAL, fields_of(site.client, DEAL), out)
    assert (first.funnels, first.without) == (frozenset({whole}), frozenset({won}))
    assert (first.out, first.customer, first.zone) == (out, "company", UTC)
    assert (first.dated_by, first.imported) == ("closedate", frozenset())
    second = reader._choice(INVOICE, fields_of(site.client, INVOICE), out)
    assert second.without == frozenset()
    assert second.funnels == frozenset(second.stages.funnels)
    assert len(second.funnels) > 1
    assert reader_of(site)._choice(DEAL, fields_of(site.client, DEAL), out).dated_by is None


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=7))])
def test_the_list_that_is_read(site: Rig, zone: timezone | None) -> None:
    """Won objects that moved since a day before the window; those that never moved apart."""
    many(site, 30)
    names = fields_of(site.client, DEAL)
    plain = tuple(names.select(CODES))
    listing, probe, unmoved = reader_of(site, evolve(OPTIONS, zone=zone))._listing(
        DEAL, names, YEAR
    )
    since = datetime(2025, 12, 31, tzinfo=zone or timezone(timedelta(hours=3)))
    assert listing == Listing(
        DEAL, plain, {"stageSemanticId": "S", ">=movedTime": since.isoformat()}
    )
    assert probe == Probe()
    assert unmoved == Listing(DEAL, plain, {"stageSemanticId": "S", "=movedTime": None})
    # Payments are read whole, and so are sales that a field dates.
    payments = reader_of(site, evolve(OPTIONS, basis="payments"))
    assert payments._listing(DEAL, names, YEAR) == (Listing(DEAL, plain), Probe(), None)
    dated = reader_of(site, evolve(OPTIONS, dated_by="BEGINDATE"))
    select = tuple(names.select((*CODES, "BEGINDATE")))
    assert dated._listing(DEAL, names, YEAR) == (
        Listing(DEAL, select, {"stageSemanticId": "S"}), Probe(), None,
    )  # fmt: skip
    # Where the server refuses or ignores the condition everything is read, and it is said.
    site.portal.row(DEAL, 3)["movedTime"] = None
    for switch, note in (
        ("unfilterable", "the portal does not list objects that never moved; everything is read"),
        (
            "ignored_filters",
            "the portal does not honour the filter >=movedTime; everything is read",
        ),
    ):
        getattr(site.portal.state, switch).add("movedTime")
        reader = reader_of(site)
        every, probe, unmoved = reader._listing(DEAL, names, YEAR)
        assert (every, unmoved) == (Listing(DEAL, plain, {"stageSemanticId": "S"}), None)
        assert probe.unmoved == (3,)
        notes: list[str] = reader.note.__self__  # type: ignore[attr-defined]
        assert notes == [note]
        getattr(site.portal.state, switch).clear()


@pytest.mark.parametrize(
    ("scopes", "shop", "notes"), [({"crm", "sale"}, True, 0), ({"crm"}, False, 1)]
)
def test_the_shop_is_asked_for_once(site: Rig, scopes: set[str], shop: bool, notes: int) -> None:
    """Without the scope, payments are read deal by deal, and it is said."""
    site.portal.hook.scopes = frozenset(scopes)
    reader = reader_of(site)
    assert reader._has_shop() is shop
    said: list[str] = reader.note.__self__  # type: ignore[attr-defined]
    assert len(said) == notes


@pytest.mark.parametrize(
    ("customer", "known"),
    [("company", {COMPANY}), ("contact", {CONTACT}), ("company-or-contact", {COMPANY, CONTACT})],
)
def test_customers_of_the_kind_asked_for(site: Rig, customer: str, known: set[int]) -> None:
    """Only objects of the kinds that may be customers are looked through."""
    site.portal.add_won_deal(1, PAID, company=1)
    source = BitrixSource(client=site.client, customer=customer)
    list(source.transactions(YEAR))
    asked = {
        int(str(request.params["entityTypeId"]))
        for request in site.portal.journal.requests
        if request.method == "crm.item.fields"
    }
    assert asked == known | {DEAL}


def test_pieces_of_a_checkpoint(tmp_path: Path) -> None:
    """A reading goes on behind its last piece; options, age and clock decide whether it may."""
    one = Checkpoint(tmp_path / "deep" / "reading.sqlite")
    day = 24 * 3600.0
    assert one.files() == []
    assert one.begin("a", None, 1000.0) == (None, None)
    assert one.begin("a", 90, 1000.0) == (None, 90)
    assert one.begin("a", 99, 1000.0) == (None, 90)
    one.add(10, 20, [["CO_1", "2026-02-01"]], {"used": 1})
    one.add(0, 10, [], {})
    one.add(20, 35, [["CO_2"], ["CO_3"]], {"used": 2, "no_date": 1})
    assert one.files() == [one.path]
    assert one.path.stat().st_mode & 0o777 == 0o600
    assert one.begin("a", 99, 1000.0) == (35, 90)
    assert one.begin("a", None, 1000.0 + day - 1) == (35, 90)
    # Of other options, a day old, or of a clock that went back: begun anew.
    assert one.begin("b", None, 1000.0) == (None, None)
    assert one.begin("a", None, 1000.0 + day) == (None, None)
    assert one.begin("a", None, 999.0) == (None, None)
    assert one.begin("a", None, 1000.0) == (35, 90)
    assert one.begin("a", 70, 1000.0 + day) == (None, 70)
    assert one.begin("a", None, 1000.0 + day) == (None, 70)
    assert one.pieces() == []
    one.add(5, 6, [], {"used": 3})
    assert one.pieces() == [([], {"used": 3})]
    one.close()
    one.close()
    assert one.files() == []
    journal = one.path.with_name("reading.sqlite-journal")
    journal.touch()
    assert one.files() == [journal]


def test_pieces_keep_their_order_and_content(tmp_path: Path) -> None:
    """By ascending id, and none that was changed."""
    import sqlite3
    from contextlib import closing

    one = Checkpoint(tmp_path / "reading.sqlite")
    one.begin("a", 90, 1000.0)
    one.add(0, 10, [["CO_1"]], {"used": 1})
    one.add(10, 20, [["CO_2"]], {"used": 2})
    whole = [([["CO_1"]], {"used": 1}), ([["CO_2"]], {"used": 2})]
    assert one.pieces() == whole
    for change, back in (
        (
            "update piece set upto = 11 where after = 0",
            "update piece set upto = 10 where after = 0",
        ),
        ("update run set upto = 91", "update run set upto = 90"),
        ("update run set print = 'b'", "update run set print = 'a'"),
    ):
        for statement, holds in ((change, False), (back, True)):
            with closing(sqlite3.connect(one.path)) as base:
                base.execute(statement)
                base.commit()
            if holds:
                assert one.pieces() == whole
            else:
                with pytest.raises(ConfigError, match="does not hold what was stored"):
                    one.pieces()


def test_files_of_checkpoints(tmp_path: Path) -> None:
    """One file for one type of objects, one each for several, none without a name."""
    path = tmp_path / "reading"
    assert checkpoints(None, (DEAL,)) == {}
    assert {n: one.path for n, one in checkpoints(path, (DEAL,)).items()} == {DEAL: path}
    assert {n: one.path for n, one in checkpoints(path, (DEAL, INVOICE)).items()} == {
        DEAL: Path(f"{path}.2"), INVOICE: Path(f"{path}.31"),
    }  # fmt: skip
    assert fingerprint({"b": 1, "a": "ё"}) == fingerprint({"a": "ё", "b": 1})
    written = b'{"a": "\\u0451", "b": 1}'
    assert fingerprint({"b": 1, "a": "ё"}) == sha256(written).hexdigest()[:16]
    assert fingerprint({"a": date(2026, 1, 1)}) == fingerprint({"a": "2026-01-01"})


def goods(site: Rig, count: int) -> list[Sale]:
    """Sales of one nail each, the last of sixty, and one of a service without a price."""
    site.portal.hook.scopes |= {"catalog"}
    nail = site.portal.add_product("гвоздь", 1.25)
    for _ in range(55):
        site.portal.add_product("другое", 3)
    service = site.portal.add_product("услуга", 0)
    site.portal.state.stores["products"].rows[service]["purchasingPrice"] = ""
    sales = []
    for number in range(1, count + 1):
        deal = site.portal.add_won_deal(100, PAID, company=1)
        for _ in range(60 if number == count else 1):
            site.portal.add_product_row("D", deal, nail, price=3, quantity=2)
        if number == 1:
            site.portal.add_product_row("D", deal, service, price=3, quantity=2)
            site.portal.add_product_row("D", deal, 0, price=3, quantity=5)
        sales.append(Sale((COMPANY, 1), date(2026, 2, 10), Decimal(100), "RUB", f"D_{deal}"))
    return sales


def costs(site: Rig, sales: list[Sale], **rates: float) -> list[Decimal | None]:
    """Costs of sales, with the requests that were made for them."""
    return [
        sale.cost for sale in with_cost(site.client, DEAL, sales, Money("RUB", rates), Tally())
    ]


@pytest.mark.parametrize("count", [9, 10, 11, 20, 21])
def test_rows_of_ten_sales_to_a_request(site: Rig, count: int) -> None:
    """A full page is read on by a cursor; goods without a price or a number cost nothing."""
    sales = goods(site, count)
    assert costs(site, sales) == [Decimal("2.5")] * (count - 1) + [Decimal("150.0")]
    run = site.portal.journal.run
    # A request for each ten, and two more pages for the sixty rows of the last.
    assert run["crm.item.productrow.list"] == -(-count // 10) + 2
    assert run["catalog.catalog.list"] == 1


def test_sales_without_goods_cost_nothing(site: Rig) -> None:
    """Then neither catalogues nor prices are asked for."""
    site.portal.hook.scopes |= {"catalog"}
    deal = site.portal.add_won_deal(100, PAID, company=1)
    sale = Sale((COMPANY, 1), date(2026, 2, 10), Decimal(100), "RUB", f"D_{deal}")
    assert costs(site, [sale]) == [Decimal(0)]
    assert costs(site, []) == []
    assert site.portal.journal.run["catalog.catalog.list"] == 0
    assert site.portal.journal.run["catalog.product.list"] == 0


def test_prices_in_other_currencies(site: Rig) -> None:
    """By the rate of the sale's currency; without one the cost of that sale alone is unknown."""
    sales = goods(site, 3)
    for number, currency in ((1, "USD"), (2, "EUR"), (3, "")):
        product = site.portal.add_product("винт", 10, currency=currency)
        site.portal.add_product_row(
            "D", int(sales[number - 1].document[2:]), product, price=3, quantity=0.5
        )
    tally = Tally()
    money = Money("RUB", {"USD": 90})
    found = with_cost(site.client, DEAL, sales, money, tally)
    assert [sale.cost for sale in found] == [Decimal("452.5"), None, Decimal("155.0")]
    assert [evolve(sale, cost=None) for sale in found] == sales
    assert dict(tally.counts) == {"unknown_cost": 1}


def test_catalogues_without_a_number(site: Rig) -> None:
    """A portal whose catalogues have none, or that lists none, is asked without one."""
    sales = goods(site, 2)
    for row in site.portal.state.stores["products"].rows.values():
        row["iblockId"] = 0
    site.portal.state.catalog_wants_iblock = False
    assert costs(site, sales) == [Decimal("2.5"), Decimal("150.0")]
    asked = [
        request.params for request in site.portal.journal.requests if "batch" in request.method
    ]
    assert "catalog.product.list" in repr(asked)
    assert "iblockId%5D" not in repr(asked).partition("catalog.product.list")[2]
    assert "filter%5BiblockId" not in repr(asked)
    refused = RefusedError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    site.portal.state.denied["catalog.catalog.list", 1] = refused
    assert costs(site, sales) == [Decimal("2.5"), Decimal("150.0")]


def test_products_by_the_page(site: Rig) -> None:
    """More products than a page holds are asked for in parts, in every catalogue."""
    site.portal.hook.scopes |= {"catalog"}
    deal = site.portal.add_won_deal(100, PAID, company=1)
    for number in range(120):
        product = site.portal.add_product("товар", 1 + number)
        site.portal.add_product_row("D", deal, product, price=3)
    sale = Sale((COMPANY, 1), date(2026, 2, 10), Decimal(100), "RUB", f"D_{deal}")
    assert costs(site, [sale]) == [Decimal(sum(range(1, 121)))]
    assert site.portal.journal.run["catalog.product.list"] == 3


def test_a_reading_goes_on_with_all_it_counted(site: Rig, tmp_path: Path) -> None:
    """Behind the last piece; the ids of the list are those of the first start."""
    many(site, 3000)
    path = tmp_path / "reading.sqlite"
    whole = BitrixSource(client=site.client)
    expected = lines(concat(whole.transactions(YEAR)))
    broken = BitrixSource(client=site.client, checkpoint=path).transactions(YEAR)
    next(broken)
    del broken
    upto = Checkpoint(path).begin("", None, START)[1]
    assert upto is None
    later = site.portal.add_won_deal(1, "2026-04-30T12:00:00+03:00", company=1)
    source = BitrixSource(client=site.client, checkpoint=path)
    assert lines(concat(source.transactions(YEAR))) == expected
    (note,) = source.notes
    assert note.startswith("continuing an earlier reading behind id ")
    assert 0 < int(note.rpartition(" ")[2]) < later
    assert source.tally.counts == whole.tally.counts
