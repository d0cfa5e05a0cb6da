"""The estimates of a read, computed by hand from what the base holds and sends."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import Any

import attrs
import pytest
from tests.emulators.onec.base import Base, Company
from tests.onec.sales_fixtures import FLAT

from abcxyz import Window
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.paging import between, count, rows_per_page, sample
from abcxyz_onec.odata.query import both
from abcxyz_onec.profiles.schema import Basis, Counterparties, Document, Profile, Register
from abcxyz_onec.sales.lines import LineColumns, Party, sum_lines
from abcxyz_onec.sales.published_readers import documents_reader
from abcxyz_onec.sales.read_cost import (
    ReadCost,
    _spread,
    cost_of_records,
    cost_of_table,
    cost_of_turnovers,
    pages_of_window,
)
from abcxyz_onec.sales.reader import party_of
from abcxyz_onec.sales.records import Records
from abcxyz_onec.sales.turnovers import Turnovers

YEAR = Window(date(2025, 11, 1), date(2026, 11, 1))
REGISTER = Register(
    entity=FLAT.removesuffix("_RecordType"),
    revenue=("СуммаВыручки",),
    cost="Стоимость",
    key="АналитикаУчетаПоПартнерам_Key",
)
KEY = Party("АналитикаУчетаПоПартнерам_Key")
PROFILE = Profile(title="УТ", counterparty=Counterparties(entity="Catalog_Контрагенты"))


@pytest.mark.parametrize("page_bytes", [1, 3_000, 20_000, 4_000_000])
def test_the_cost_of_records(client: Client, page_bytes: int) -> None:
    """Rows of the size of the first ones, spread evenly over the days."""
    client.page_bytes = page_bytes
    reader = Records(REGISTER, KEY, "profit")
    made = cost_of_records(client, reader, YEAR)
    within = attrs.evolve(
        reader.query,
        where="Period ge datetime'2025-11-01T00:00:00' and Period lt datetime'2026-11-01T00:00:00'"
        " and Active eq true",
    )
    rows = count(client, within)
    assert rows > 20
    sampled, weight = sample(client, within, 200)
    each = weight / sampled
    spread = [*_spread(rows, 365, rows_per_page(page_bytes, each))]
    requests, moved = sum(one for one, _ in spread), sum(many for _, many in spread)
    assert made == ReadCost("records", requests, round(moved * each), rows)


def test_the_cost_of_nothing(client: Client) -> None:
    """Empty windows and sets take requests all the same, but no bytes and no rows."""
    past = Window(date(1990, 1, 1), date(1990, 3, 2))
    reader = Records(REGISTER, KEY, "revenue")
    assert cost_of_records(client, reader, past) == ReadCost("records", 4, 0, 0)
    within = both(between("Period", past.since, past.until), reader.query.where)
    nothing = attrs.evolve(reader.query, where=within)
    assert cost_of_table(client, nothing) == ReadCost(FLAT, 1, 0, 0)


@pytest.mark.parametrize("page_bytes", [1, 3_000, 4_000_000])
def test_the_cost_of_a_set(client: Client, page_bytes: int) -> None:
    """Every page after the first repeats a row."""
    client.page_bytes = page_bytes
    query = Records(REGISTER, KEY, "revenue").query
    made = cost_of_table(client, query)
    rows = count(client, query)
    sampled, weight = sample(client, query, 200)
    pages = pages_of_window(rows, rows_per_page(page_bytes, weight / sampled))
    assert made == ReadCost(FLAT, pages, round((rows + pages - 1) * weight / sampled), rows)


@pytest.mark.parametrize(("months", "middle"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (7, 4)])
def test_the_cost_of_turnovers(
    client: Client, base: Base, company: Company, months: int, middle: int
) -> None:
    """Every sub-period is taken for the one in the middle; the sums of all are read once more."""
    key, *_ = next(iter(company.keys.values()))
    for month in range(1, months + 1):
        moment = datetime(2030, month, 5, 9)  # noqa: DTZ001 - 1C sends naive local time
        sale = ("Document_РеализацияТоваровУслуг", 1)
        company.record(key, moment, f"{month:036}", *sale, СуммаВыручки=1.0)
    # In one month another customer buys too: its sum is one row more.
    other = list(company.keys.values())[1][0]
    moment = datetime(2030, middle, 6, 9)  # noqa: DTZ001
    company.record(
        other, moment, f"{99:036}", "Document_РеализацияТоваровУслуг", 1, СуммаВыручки=1.0
    )
    window = Window(date(2030, 1, 1), date(2030, months + 1, 1))
    reader = Turnovers(REGISTER, KEY, "revenue", "month")
    before, log = client.traffic.bytes, len(base.log)
    made = cost_of_turnovers(client, reader, window)
    weight = client.traffic.bytes - before
    asked = [each for each in base.log[log:] if "Turnovers" in each.path]
    assert len(asked) == 1
    requests = months + (months > 1)
    assert made == ReadCost("turnovers", requests, weight * requests, 2 * months)


def test_stretches_of_turnovers(client: Client) -> None:
    """Each sub-period is one stretch; what is checked are the sums, not the rows."""
    reader = Turnovers(REGISTER, KEY, "revenue", "month")
    since, until = date(2026, 1, 15), date(2026, 3, 10)
    found = list(reader.read(client, "turnovers", since, until))
    edges = [since, date(2026, 2, 1), date(2026, 3, 1), until]
    assert [(one.since, one.until, len(one.results), one.rows, one.last) for one in found] == [
        (start, stop, 1, 0, "") for start, stop in itertools.pairwise(edges)
    ]


@pytest.mark.parametrize(
    ("names", "entity", "field"),
    [
        (REGISTER, "partner", "АналитикаУчетаПоПартнерам_Key"),
        (Register(entity="X", revenue="R", partner="П"), "partner", "П"),
        (Register(entity="X", revenue="R", partner="П"), "counterparty", "П"),
        (Register(entity="X", revenue="R", counterparty="К"), "partner", "К"),
        (Register(entity="X", revenue="R", partner="П", counterparty="К"), "partner", "П"),
        (Register(entity="X", revenue="R", partner="П", counterparty="К"), "counterparty", "К"),
        (Document(entity="X", amount="R", partner="П"), "counterparty", "П"),
        (Document(entity="X", amount="R", counterparty="К"), "partner", "К"),
        (Document(entity="X", amount="R", partner="П", counterparty="К"), "partner", "П"),
        (Document(entity="X", amount="R", partner="П", counterparty="К"), "counterparty", "К"),
    ],
)
def test_the_field_of_the_customer(
    client: Client, names: Register | Document, entity: str, field: str
) -> None:
    """That of the kind asked for, else the other one; a key before both."""
    assert party_of(client, PROFILE, entity, names) == Party(field)


def test_a_field_of_several_types(client: Client) -> None:
    """The type of the customers is known where the base publishes the type of the value."""
    sets = client.metadata().sets
    known = next(
        (name, each.removesuffix("_Type"))
        for name, one in sorted(sets.items())
        for each in one.fields
        if each.endswith("_Type") and each.removesuffix("_Type") in one.fields
    )
    made: Any = Document(entity=known[0], amount="R", counterparty=known[1])
    assert party_of(client, PROFILE, "counterparty", made) == Party(
        known[1], "StandardODATA.Catalog_Контрагенты"
    )


def test_columns_are_compared_by_identity() -> None:
    """Equal arrays have no single answer, so columns are only equal to themselves."""
    one, other = sum_lines([]), sum_lines([])
    assert one == one
    assert one != other
    assert isinstance(hash(one), int)
    assert isinstance(other, LineColumns)


@pytest.mark.parametrize(
    ("days", "counted"),
    [
        (1, [1]),
        (2, [1, 2]),
        (3, [1, 2, 3]),
        (5, [1, 3, 5]),
        (6, [1, 2, 3, 4, 5, 6]),
        (8, [1, 2, 4, 5, 7, 8]),
        (21, [*range(1, 22)]),
        (24, [*range(1, 8), *range(9, 16), *range(18, 25)]),
    ],
)
def test_days_that_are_counted_one_by_one(
    client: Client, base: Base, company: Company, days: int, counted: list[int]
) -> None:
    """A third of a short window at each of three places, seven days of a longer one."""
    base.counts = False
    key = next(iter(company.keys.values()))[0]
    since = date(2030, 1, 1)
    rows = dict.fromkeys(range(1, days + 1), 1)
    rows |= {day: 2 for day in counted if day % 2}
    for day, many in rows.items():
        moment = datetime(2030, 1, day, 9)  # noqa: DTZ001 - 1C sends naive local time
        for place in range(many):
            company.record(
                key, moment, f"{day:036}", "Document_РеализацияТоваровУслуг", place + 1,
                СуммаВыручки=1.0,
            )  # fmt: skip
    window = Window(since, since + timedelta(days=days))
    found = sum(rows[day] for day in counted)
    reader = Records(REGISTER, KEY, "revenue")
    assert cost_of_records(client, reader, window).rows == round(found * days / len(counted))


def test_documents_that_are_not_published(client: Client) -> None:
    """The first kind stays, so that the error names it; the others are left out and named."""
    sale = Document(entity="Document_РеализацияТоваровУслуг", amount="R", partner="П", rate=("X",))
    other = Document(entity="Document_Нет", amount="R", partner="П")
    third = Document(entity="Document_ТожеНет", amount="R", partner="П")
    for kinds, used, lost in (
        ((sale, other), (sale,), (other,)),
        ((other, sale), (other, sale), ()),
        ((other, third, sale), (other, sale), (third,)),
    ):
        reader, missing = documents_reader(
            client, PROFILE, Basis(documents=kinds), entity="partner", metric="count"
        )
        assert missing == tuple(each.entity for each in lost)
        assert [each.entity for each in reader.basis.documents] == [each.entity for each in used]
        assert reader.parties == (Party("П"),) * len(used)
        assert reader.metric == "count"
        assert reader.parts == tuple(f"{n}.{each.entity}" for n, each in enumerate(used))
        # A rate that documents do not store is left to the register of rates.
        rates = {each.entity: each.rate for each in reader.basis.documents}
        assert rates[sale.entity] == ()
    kept = attrs.evolve(other, rate=("X",))
    reader, _ = documents_reader(
        client, PROFILE, Basis(documents=(kept,)), entity="partner", metric="revenue"
    )
    assert reader.basis.documents == (kept,)
