"""The line of a card: its text in either language, and that only a change of it is written."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from attrs import evolve
from tests.bitrix.sink_helpers import item_writes, sink_of
from tests.emulators.bitrix24.harness import TODAY, Rig, analysis_of
from tests.emulators.bitrix24.portal import COMPANY

from abcxyz import Analysis, Settings, Transactions, analyze
from abcxyz_bitrix.cards.own_fields import PREFIX

FIELD = f"{PREFIX}SUMMARY"


def line(site: Rig, number: int = 1) -> str:
    """The line of a company, with plain spaces."""
    return str(site.portal.value(COMPANY, number, FIELD)).replace("\N{NO-BREAK SPACE}", " ")


def bought(*days: date, each: float = 1_150_000.0, metric: str = "revenue") -> Analysis:
    """An analysis of one company that bought on these days, and of another one."""
    sales = Transactions(
        ["CO_1"] * len(days) + ["CO_2"],
        [*days, TODAY - timedelta(days=90)],
        [each] * len(days) + [1.0],
    )
    return analyze(sales, as_of=TODAY, settings=Settings(period="12M", metric=metric))


MONTHLY = tuple(date(2025, month, 5) for month in range(5, 13)) + tuple(
    date(2026, month, 5) for month in range(1, 5)
)


def test_line_says_segment_money_and_last_order(site: Rig) -> None:
    analysis = bought(*MONTHLY)
    assert sink_of(site, summary=True, currency="₽").write(analysis, dry_run=False).written == 2
    segment = analysis.snapshot.to_frame()["segment"].tolist()[0]
    assert line(site) == (
        f"{segment} с 28.05.2026 · 13,8 млн ₽ за 12 мес. · заказ 05.04.2026, обычно раз в 30 дней"
    )
    # A single order has no gap, and 1 is no number of millions.
    assert line(site, 2).endswith(" · 1 ₽ за 12 мес. · заказ 27.02.2026")


def test_line_names_the_segment_before_in_english(site: Rig) -> None:
    def write(segment: str, day: date) -> None:
        made = analysis_of({"CO_1": segment}, as_of=day)
        sink_of(site, summary=True, currency="$", lang="en").write(made, dry_run=False)

    write("AY", TODAY - timedelta(days=30))
    write("AX", TODAY)
    assert line(site).startswith("AX since 2026-05-28, before AY · $")
    assert " in 2 mo. · order 2026-03-02" in line(site)
    # A customer who was not classified before has nothing to name.
    site.portal.row(COMPANY, 1)["ufCrmAbcxyzPrevious"] = "NONE"
    write("AX", TODAY)
    assert line(site).startswith("AX since 2026-05-28 · $")


def test_only_a_change_of_what_it_says_is_written(site: Rig) -> None:
    plain: Any = {"summary": True, "currency": "₽"}
    analysis = bought(*MONTHLY)
    sink_of(site, **plain).write(analysis, dry_run=False)
    done = len(item_writes(site))
    tomorrow = evolve(
        analysis, snapshot=evolve(analysis.snapshot, as_of=TODAY + timedelta(days=9))
    )
    assert sink_of(site, **plain).write(tomorrow, dry_run=False).written == 0
    assert len(item_writes(site)) == done
    again = bought(*MONTHLY, TODAY - timedelta(days=2))
    assert sink_of(site, **plain).write(again, dry_run=False).written == 1
    assert "заказ 26.05.2026" in line(site)


def test_number_of_orders_is_no_money(site: Rig) -> None:
    analysis = bought(*MONTHLY, metric="count")
    sink_of(site, summary=True, currency="₽").write(analysis, dry_run=False)
    assert " · 12 заказов за 12 мес. · " in line(site)


def test_without_the_option_there_is_no_field_and_nothing_of_it_is_written(site: Rig) -> None:
    analysis = bought(*MONTHLY)
    sink_of(site).write(analysis, dry_run=False)
    assert FIELD not in {one.code for one in site.portal.state.user_fields.values()}
    sink_of(site, summary=True).write(analysis, dry_run=False)
    said = line(site)
    assert "млн за 12 мес." in said
    # Switched off again it stays as it was, and a customer who is gone loses it.
    sink_of(site).write(bought(*MONTHLY, each=9_000_000.0), dry_run=False)
    assert line(site) == said
    sink_of(site).write(analysis_of({"CO_2": "AX"}), dry_run=False)
    assert line(site) in ("", "None")
