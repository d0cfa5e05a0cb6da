"""Pagination by windows of ids: filters, density, concurrent changes."""

from __future__ import annotations

import pytest
from tests.bitrix.conftest import site
from tests.bitrix.source_helpers import YEAR, lines, many, read
from tests.emulators.bitrix24.harness import Rig

from abcxyz.core.sales.transactions import concat
from abcxyz.errors import BadDataError
from abcxyz_bitrix.crm.entities import DEAL
from abcxyz_bitrix.rest.lists import Listing, scan
from abcxyz_bitrix.source import BitrixSource

__all__ = ["site"]  # with three companies, as for the source


@pytest.mark.parametrize("name", ["stageSemanticId", "movedTime"])
@pytest.mark.parametrize("how", ["refused", "ignored"])
def test_server_filters_only_save_traffic(site: Rig, name: str, how: str) -> None:
    """A filter that the portal refuses or ignores changes no result, and is noted."""
    many(site, 200)
    expected = lines(read(site))
    (
        site.portal.state.unfilterable if how == "refused" else site.portal.state.ignored_filters
    ).add(name)
    source = BitrixSource(client=site.client)
    assert lines(concat(source.transactions(YEAR))) == expected
    assert bool(source.notes) == (how == "refused" or name == "movedTime")


def test_stuck_cursor_is_an_error(site: Rig) -> None:
    """A portal that ignores the condition on the id is refused, not read for ever."""
    many(site, 120)
    site.portal.state.stuck_cursor = True
    with pytest.raises(BadDataError, match="ignores the condition on the id"):
        read(site)


def test_sudden_density_loses_nothing(site: Rig) -> None:
    """Behind a stretch of sparse ids the windows are wide; where ids get dense, none is cut."""
    for number in range(9000):
        site.portal.add_deal("", companyId=1)
        if number % 300 == 0:
            site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=2)
    for _ in range(1500):
        site.portal.add_won_deal(1, "2026-02-03T10:00:00+03:00", company=1)
    start = site.portal.journal.total
    assert float(read(site).amount.sum()) == 1530.0
    assert site.portal.journal.total - start < 40


def _jump(site: Rig, number: int) -> None:
    """Let the next deal have a later id."""
    site.portal.state.tables[DEAL].last = number - 1


def test_ids_that_lie_far_apart(site: Rig) -> None:
    """The next id is asked for behind an empty stretch; the pieces still follow one another."""
    numbers = [10**6, 10**9, 10**12]
    for number in numbers:
        _jump(site, number)
        site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    deals = Listing(DEAL, ("id", "opportunity"))
    start = site.portal.journal.total
    pieces = list(scan(site.client, deals))
    assert numbers == [row["id"] for piece in pieces for row in piece.rows]
    assert [piece.upto for piece in pieces[:-1]] == [piece.after for piece in pieces[1:]]
    assert site.portal.journal.total - start < 12
    # The checkpoint of an earlier run names a last id that has been deleted since.
    after, upto = numbers[-1], 10**24
    assert [] == [row for piece in scan(site.client, deals, after=after, upto=upto)
                  for row in piece.rows]  # fmt: skip
    assert site.portal.journal.total - start < 16


def test_new_deals_shift_nothing(site: Rig) -> None:
    """Deals won while the reading goes on neither double nor hide any other."""
    many(site, 3000)
    expected = lines(read(site))
    sales = []
    for batch in BitrixSource(client=site.client).transactions(YEAR):
        sales += lines(batch)
        site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    assert sorted(sales) == expected
