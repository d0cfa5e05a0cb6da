# ruff: noqa: DTZ001 - 1C sends naive local time
"""Tests of sales from 1C with segments in Bitrix24, joined by INN."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from tests.clocks import NoWait
from tests.emulators.bitrix24.harness import Rig, free, rig
from tests.emulators.bitrix24.portal import COMPANY
from tests.emulators.onec.base import Base, Company
from tests.onec.adapter import adapter

from abcxyz import SEGMENTS, Analysis, CumulativeMean, Settings, analyze
from abcxyz.plugins import WriteReport
from abcxyz_bitrix.cards.own_fields import PREFIX
from abcxyz_bitrix.sink import BitrixSink
from abcxyz_onec.source import OneCSource

_AS_OF = date(2026, 3, 10)


@pytest.fixture
def portal() -> Iterator[Rig]:
    """Serve an empty portal of Bitrix24."""
    with rig(limits=free()) as portal:
        yield portal


def _classified(base: Base) -> tuple[Analysis, OneCSource]:
    source = adapter(
        OneCSource,
        base.url,
        "Робот",
        "пароль-7Щ",
        customer_id="inn",
        clock=NoWait(),
        timeout=5,
    )
    settings = Settings(abc=CumulativeMean(), xyz=CumulativeMean())
    sales = list(source.transactions(settings.periods(_AS_OF).span))
    result = analyze(
        sales,
        as_of=_AS_OF,
        settings=settings,
        quality=source.data_quality(),
        names=source.customer_names(),
    )
    return result, source


def test_segments_of_1c_on_cards_of_bitrix24(
    base: Base, company: Company, portal: Rig, tmp_path: Path
) -> None:
    """Cards matched by INN show the segment; other customers are counted with the reason."""
    partners = list(company.keys)
    for row in company.store.rows["Catalog_Контрагенты"]:
        if row["Партнер_Key"] == partners[3]:
            row["ИНН"] = ""
        if row["Партнер_Key"] == partners[5]:
            row["ИНН"] = "7700000004"  # as the one before: one customer
    retail = company.customer("Розничный покупатель", Predefined=True)
    company.sale(retail, datetime(2026, 2, 2), 100)  # left out, so that its INN is not missed
    cards = {}
    for place in (0, 1, 2, 4):
        number = portal.portal.add_company(f"Компания {place}")
        portal.portal.add_requisite(COMPANY, number, inn=f"{7700000000 + place}")
        cards[f"{7700000000 + place}"] = number
    twin = portal.portal.add_company("Компания 2, филиал")
    portal.portal.add_requisite(COMPANY, twin, inn="7700000002")

    result, source = _classified(base)
    snapshot = result.snapshot
    segments = {
        who: SEGMENTS[code]
        for who, code in zip(snapshot.customers.tolist(), snapshot.segment.tolist(), strict=True)
    }
    quality = source.data_quality()
    assert quality is not None
    counts = {issue.kind: issue.count for issue in quality.issues}
    assert counts["customers without the identifier asked for"] == 1
    assert counts["customers that share their identifier with another"] == 2
    assert f"ref:{partners[3]}" in segments
    assert "7700000005" not in segments

    def write(*, dry_run: bool) -> tuple[WriteReport, list[str]]:
        sink = BitrixSink(
            client=portal.client,
            customer="company",
            customer_id="inn",
            ledger=tmp_path / "ledger.sqlite",
        )
        return sink.write(result, dry_run=dry_run), list(sink.notes)

    dry, _ = write(dry_run=True)
    report, notes = write(dry_run=False)
    assert dry.written == report.written
    for inn in ("7700000000", "7700000001", "7700000004"):
        assert portal.portal.choice(COMPANY, cards[inn], f"{PREFIX}SEGMENT") == segments[inn]
    for number in (cards["7700000002"], twin):
        assert portal.portal.choice(COMPANY, number, f"{PREFIX}SEGMENT") == segments["7700000002"]
    matched = set(cards) & set(segments)
    assert (report.written, dict(report.failed)) == (len(matched) + 1, {})
    unmatched = len(segments) - len(matched)  # one has no INN, the other no card
    assert any(
        note.startswith(f"{unmatched} ") or note.endswith(f" {unmatched}") for note in notes
    )
    again, _ = write(dry_run=False)
    assert again.written == 0
