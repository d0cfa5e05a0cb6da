"""Currency conversion."""

from __future__ import annotations

import pytest
from tests.bitrix.source_helpers import YEAR, lines, read
from tests.emulators.bitrix24.harness import Rig

from abcxyz.core.sales.transactions import concat
from abcxyz.errors import BadDataError, ConfigError
from abcxyz_bitrix.source import BitrixSource


def test_second_currency_is_refused_by_name(site: Rig) -> None:
    """Amounts in several currencies are never added; the error names all of them."""
    for code in ("USD", "EUR"):
        site.portal.add_currency(code, 90)
    for n, code in enumerate(("RUB", "USD", "EUR")):
        site.portal.add_won_deal(n, "2026-02-02T10:00:00+03:00", company=1, currencyId=code)
    with pytest.raises(BadDataError, match="EUR, RUB, USD"):
        read(site)


def test_table_of_rates_converts(site: Rig) -> None:
    """An explicit table converts; a currency that is not in it is refused."""
    site.portal.add_currency("USD", 1)
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", company=1, currencyId="USD")
    site.portal.add_won_deal(3, "2026-02-03T10:00:00+03:00", company=1)
    sales = read(site, currency="RUB", rates={"USD": 92.5})
    assert lines(sales) == [("CO_1", "2026-02-02", 185.0), ("CO_1", "2026-02-03", 3.0)]
    with pytest.raises(BadDataError, match="USD"):
        read(site, currency="RUB")


def test_portal_rates_convert_with_a_warning(site: Rig) -> None:
    """The portal's rates count per their number of units, with a note that they are today's."""
    site.portal.add_currency("KZT", 18.0, count=100)
    site.portal.add_won_deal(1000, "2026-02-02T10:00:00+03:00", company=1, currencyId="KZT")
    source = BitrixSource(client=site.client, currency="portal")
    assert concat(source.transactions(YEAR)).amount.tolist() == [180.0]
    assert any("not of the day" in note for note in source.notes)


@pytest.mark.parametrize("rate", [0, -1, "nan", True, "ten"])
def test_nonsense_rates_are_refused(site: Rig, rate: object) -> None:
    """A rate is a positive number."""
    with pytest.raises(ConfigError, match="the rate of USD"):
        BitrixSource(client=site.client, currency="RUB", rates={"USD": rate})  # type: ignore[dict-item]
