"""Alert channels: each alert is sent once, to the right user, under any faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.emulators.bitrix24.harness import Rig, alert_of, analysis_of, free, rig
from tests.emulators.bitrix24.portal import COMPANY, DEAL
from tests.emulators.bitrix24.rest3 import Rest3, Rest3Error

from abcxyz import Alert, AlertRules, Analysis, with_facts
from abcxyz.errors import AbcxyzWarning, ConfigError
from abcxyz.http import TokenBucket
from abcxyz_bitrix.connection import Connection
from abcxyz_bitrix.sink import BitrixSink
from abcxyz_bitrix.source import BitrixSource


def warned(*alerts: Alert, segments: dict[str, str] | None = None) -> Analysis:
    """Make an analysis with alerts."""
    return analysis_of(segments or {"CO_1": "AX", "CO_2": "CZ"}, alerts=alerts)


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal with two companies and a department of sales led by Maria (2)."""
    with rig(limits=free()) as made:
        made.portal.add_department("Отдел продаж", head=2)
        made.portal.add_company("Ромашка", assignedById=2)
        made.portal.add_company("Лютик", assignedById=2)
        yield made


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Return the path of the ledger."""
    return tmp_path / "ledger.sqlite"


def run(site: Rig, ledger: Path, analysis: Analysis, **options: Any) -> BitrixSink:
    """Write once."""
    sink = BitrixSink(client=site.client, ledger=ledger, **options)
    sink.write(analysis, dry_run=False)
    return sink


def standing(
    site: Rig,
    *,
    segments: dict[str, str] | None = None,
    rules: AlertRules | None = None,
    dedicated: bool = False,
) -> Analysis:
    """Make an analysis of today whose alerts are the stalled deals among the source's facts."""
    today = datetime.fromtimestamp(site.clock(), timezone(timedelta(hours=3))).date()
    analysis = warned(segments=segments)
    analysis = evolve(analysis, snapshot=evolve(analysis.snapshot, as_of=today))
    source = BitrixSource(Connection(dedicated_user=dedicated), client=site.client)
    facts = source.facts(analysis.snapshot.periods.window)
    full = with_facts(analysis, facts, alert_rules=rules)
    return evolve(full, alerts=tuple(one for one in full.alerts if one.kind == "stalled_deal"))


def store(site: Rig, name: str) -> list[dict[str, Any]]:
    """Read the messages of a channel."""
    return list(site.portal.state.stores[name].rows.values())


def stuck(site: Rig, *, days: float = 10, company: int = 1, **more: Any) -> int:
    """Add an open deal that was created some days ago."""
    moment = site.clock() - days * 86400
    options = {"assignedById": 2, "lastActivityTime": moment, "lastActivityBy": 2} | more
    return site.portal.add_deal(
        "", companyId=company, opportunity=5000, createdTime=moment, **options
    )


# -- alerts of the analysis ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "name", "words"),
    [("timeline", "comments", "COMMENT"), ("tasks", "tasks", "DESCRIPTION"),
     ("notify", "notifications", "MESSAGE")],
)  # fmt: skip
def test_each_alert_is_raised_once(
    site: Rig, ledger: Path, channel: str, name: str, words: str
) -> None:
    """An alert is sent once per key and channel; brackets and tags in it are disarmed."""
    analysis = evolve(
        warned(alert_of("k1", "CO_1"), alert_of("k2", "CO_2")),
        names={"CO_1": "[url=x]Ромашка</b>"},
    )
    for _ in range(3):
        run(site, ledger, analysis, **{channel: True})
    sent = store(site, name)
    assert len(sent) == 2
    assert sent[0][words].startswith("(url=x)Ромашка‹/b›: был AX, упал до BY; на 100")
    assert sent[1][words].startswith("CO_2: был AX")
    assert "\n[abcxyz:" in sent[0][words]


def test_no_message_without_a_channel(site: Rig, ledger: Path) -> None:
    """Without a channel there is no message and no ledger."""
    run(site, ledger, warned(alert_of("k1", "CO_1")))
    assert not ledger.exists()


def test_dry_run_only_counts_messages(site: Rig, ledger: Path) -> None:
    """A dry run counts the messages and sends none."""
    sink = BitrixSink(client=site.client, ledger=ledger, timeline=True, notify=True)
    sink.write(warned(alert_of("k1", "CO_1")), dry_run=True)
    assert "пробный запуск: сигналов 2" in sink.notes
    assert site.portal.state.writes == []
    assert not ledger.exists()


@pytest.mark.parametrize(("channel", "name"), [("timeline", "comments"), ("tasks", "tasks")])
def test_lost_ledger_doubles_nothing(site: Rig, ledger: Path, channel: str, name: str) -> None:
    """Without the ledger the portal itself is searched for what was raised."""
    analysis = warned(alert_of("k1", "CO_1"))
    run(site, ledger, analysis, **{channel: True})
    ledger.unlink()
    run(site, ledger, analysis, **{channel: True})
    assert len(store(site, name)) == 1


@pytest.mark.parametrize(("channel", "name", "method"), [
    ("timeline", "comments", "crm.timeline.comment.add"),
    ("tasks", "tasks", "tasks.task.add"),
    ("notify", "notifications", "im.notify.system.add"),
])  # fmt: skip
@pytest.mark.parametrize(
    "kind", ["reset_after", "truncated", "bad_gateway_after", "reset_before", "internal"]
)
def test_lost_answer_doubles_nothing(
    site: Rig, ledger: Path, channel: str, name: str, method: str, kind: str
) -> None:
    """Whatever became of the first try, after the next run the alert is there exactly once."""
    analysis = warned(alert_of("k1", "CO_1"))
    site.portal.faults.add(kind, method)
    sink = BitrixSink(client=site.client, ledger=ledger, **{channel: True})  # type: ignore[arg-type]
    sink.write(analysis, dry_run=False)
    run(site, ledger, analysis, **{channel: True})
    run(site, ledger, analysis, **{channel: True})
    assert len(store(site, name)) == 1


def test_tasks_without_rest_3(site: Rig, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where REST 3.0 does not know the method, the older method creates the task, once."""

    def unknown(*_: object) -> None:
        raise Rest3Error(404, "METHODNOTFOUNDEXCEPTION", "Метод не найден")

    monkeypatch.setattr(Rest3, "answer", unknown)
    for _ in range(2):
        run(site, ledger, warned(alert_of("k1", "CO_1"), alert_of("k2", "CO_2")), tasks=True)
    assert [task["RESPONSIBLE_ID"] for task in store(site, "tasks")] == [2, 2]
    assert site.portal.journal.by_method["tasks.task.add"] == 3


def test_inactive_employee_is_skipped(site: Rig, ledger: Path) -> None:
    """An alert for an employee who has left goes to the head."""
    left = site.portal.add_user("Пётр", "Ушедший", active=False)
    site.portal.row(COMPANY, 1)["assignedById"] = left
    run(site, ledger, warned(alert_of("k1", "CO_1")), tasks=True)
    assert [task["RESPONSIBLE_ID"] for task in store(site, "tasks")] == [2]


def test_waiting_lead_is_bound_to_the_lead(site: Rig, ledger: Path) -> None:
    """An alert about a lead is bound to the lead and goes to its responsible employee."""
    lead = site.portal.add_lead("Новый", assignedById=1)
    run(
        site, ledger, warned(alert_of("w", f"L_{lead}", "lead_waiting")), tasks=True, timeline=True
    )
    assert [(task["RESPONSIBLE_ID"], task["UF_CRM_TASK"]) for task in store(site, "tasks")] == [
        (1, [f"L_{lead}"])
    ]
    assert [row["ENTITY_TYPE"] for row in store(site, "comments")] == ["lead"]


def test_a_sink_may_leave_stalled_deals_out(site: Rig, ledger: Path) -> None:
    """With ``stalled_days = 0`` stalled deals are sent through no channel; else they are."""
    analysis = warned(alert_of("s", "CO_1", "stalled_deal"))
    run(site, ledger, analysis, timeline=True, stalled_days=0)
    assert store(site, "comments") == []
    run(site, ledger, analysis, timeline=True)
    assert len(store(site, "comments")) == 1


@pytest.mark.parametrize("options", [{"stalled_days": 5}, {"working_days": True}])
def test_options_that_have_moved_are_named(site: Rig, options: dict[str, Any]) -> None:
    """A job that still sets them runs, with a warning that names their new place."""
    with pytest.warns(AbcxyzWarning, match=r"deal_days and working_days under \[alerts\]"):
        BitrixSink(client=site.client, **options)


def test_only_what_is_raised_is_sent(site: Rig, ledger: Path) -> None:
    """Alerts that the analysis marks as quiet are not sent."""
    analysis = warned(alert_of("k1", "CO_1"), alert_of("k2", "CO_2"))
    run(site, ledger, evolve(analysis, quiet=frozenset({"k1"})), timeline=True)
    assert [row["ENTITY_ID"] for row in store(site, "comments")] == [2]


def test_alerts_beyond_the_budget_are_reported_as_left(site: Rig, ledger: Path) -> None:
    """Alerts beyond the budget are reported by key, so that the next run gets them again."""
    analysis = warned(alert_of("k1", "CO_1"), alert_of("k2", "CO_2"))
    sink = BitrixSink(client=site.client, ledger=ledger, timeline=True, budget="0.001s")
    assert sink.write(analysis, dry_run=False).alerts_left == ("k1", "k2")
    assert store(site, "comments") == []
    sink = BitrixSink(client=site.client, ledger=ledger, timeline=True)
    assert sink.write(analysis, dry_run=False).alerts_left == ()
    assert len(store(site, "comments")) == 2


# -- stalled deals ------------------------------------------------------------------------------


def test_head_of_sales_receives_stalled_deals(site: Rig, ledger: Path) -> None:
    """A class-A customer's deal without movement is reported to the head once; class C is not."""
    deal = stuck(site)
    stuck(site, company=2)
    for _ in range(2):
        run(site, ledger, standing(site), notify=True, tasks=True)
    assert [note["USER_ID"] for note in store(site, "notifications")] == [2]
    assert [task["UF_CRM_TASK"] for task in store(site, "tasks")] == [[f"D_{deal}"]]


@pytest.mark.parametrize(("days", "sent"), [(3, 0), (4, 1), (2.9, 0)])
def test_three_days_are_strict(site: Rig, ledger: Path, days: float, sent: int) -> None:
    """Three calendar days are not more than three days."""
    site.portal.costs["*"] = 0.0
    site.client.caller.limiter.tokens = TokenBucket(1e6, 1e6)
    stuck(site, days=days)
    run(site, ledger, standing(site), notify=True)
    assert len(store(site, "notifications")) == sent


def test_weekends_do_not_count_as_working_days(site: Rig, ledger: Path) -> None:
    """In working days a weekend is no time."""
    stuck(site, days=6.0)  # from a Friday to the Thursday after next weekend: four working days
    four, three = (AlertRules(deal_days=days, working_days=True) for days in (4, 3))
    run(site, ledger, standing(site, rules=four), notify=True)
    assert store(site, "notifications") == []
    run(site, ledger, standing(site, rules=three), notify=True)
    assert len(store(site, "notifications")) == 1


def test_comments_of_the_adapter_are_no_movement(site: Rig, ledger: Path) -> None:
    """The adapter's comment on a stalled deal is no movement, and raises no second alert."""
    stuck(site)
    for _ in range(3):
        run(site, ledger, standing(site), timeline=True)
        site.clock.advance(5 * 86400)
    assert len(store(site, "comments")) == 1


def test_comments_of_the_adapter_are_recognised_by_their_mark(site: Rig, ledger: Path) -> None:
    """Without the ledger the adapter's comment is recognised by its mark."""
    stuck(site)
    run(site, ledger, standing(site), timeline=True)
    ledger.unlink()
    site.clock.advance(5 * 86400)
    run(site, ledger, standing(site), timeline=True)
    assert len(store(site, "comments")) == 1


def test_activity_of_another_user_is_movement(site: Rig, ledger: Path) -> None:
    """A call yesterday is movement, even if the adapter's comment came after it."""
    deal = stuck(site)
    run(site, ledger, standing(site), timeline=True)
    site.clock.advance(5 * 86400)
    site.portal.add_activity(DEAL, deal, at=site.clock() - 86400, user=2)
    site.portal.touch(DEAL, deal, at=site.clock(), user=1)
    run(site, ledger, standing(site), timeline=True)
    assert len(store(site, "comments")) == 1
    site.clock.advance(3 * 86400)
    run(site, ledger, standing(site), timeline=True)
    assert len(store(site, "comments")) == 2


@pytest.mark.parametrize(("dedicated", "sent"), [(False, 0), (True, 1)])
def test_activities_of_a_dedicated_user_are_no_movement(
    site: Rig, ledger: Path, dedicated: bool, sent: int
) -> None:
    """A call by the webhook's user counts, unless that user works for the adapter alone."""
    deal = stuck(site)
    site.portal.add_activity(DEAL, deal, at=site.clock() - 86400, user=1)
    run(site, ledger, standing(site, dedicated=dedicated), notify=True)
    assert len(store(site, "notifications")) == sent


def test_money_at_stake_is_in_one_currency(site: Rig, ledger: Path) -> None:
    """Deals in several currencies are converted by the portal's rates; None without a rate."""
    site.portal.add_currency("USD", 90.0)
    stuck(site)
    stuck(site, currencyId="USD")
    stuck(site, currencyId="XAU")
    assert [one.money for one in standing(site).alerts] == [450_000.0, 5_000.0, None]


def test_changed_field_is_no_movement(site: Rig, ledger: Path) -> None:
    """An update of a field, which moves updatedTime, does not count as movement."""
    deal = stuck(site)
    site.portal.row(DEAL, deal)["updatedTime"] = site.clock()
    run(site, ledger, standing(site), notify=True)
    assert len(store(site, "notifications")) == 1


def test_new_movement_allows_a_new_alert(site: Rig, ledger: Path) -> None:
    """A deal that moved and stalled again raises a new alert; a won deal does not."""
    deal = stuck(site)
    run(site, ledger, standing(site), timeline=True)
    site.portal.move(DEAL, deal, "PREPARATION", at=site.clock())
    site.clock.advance(4 * 86400)
    run(site, ledger, standing(site), timeline=True)
    assert len(store(site, "comments")) == 2
    site.portal.move(DEAL, deal, "WON", at=site.clock())
    site.clock.advance(4 * 86400)
    run(site, ledger, standing(site), timeline=True)
    assert len(store(site, "comments")) == 2


@pytest.mark.parametrize("name", ["companyId", "closed", "stageSemanticId"])
def test_stalled_deals_survive_ignored_filters(site: Rig, ledger: Path, name: str) -> None:
    """Filters that the portal ignores or refuses change nothing."""
    stuck(site)
    stuck(site, company=2)
    won = stuck(site)
    site.portal.move(DEAL, won, "WON", at=site.clock() - 8 * 86400)
    site.portal.state.ignored_filters.add(name)
    run(site, ledger, standing(site), notify=True)
    assert len(store(site, "notifications")) == 1


def test_open_deals_of_many_customers_are_one_list(site: Rig, ledger: Path) -> None:
    """With hundreds of class-A customers the open deals are read as one list, contacts' too."""
    segments = {f"CO_{site.portal.add_company()}": "AX" for _ in range(300)}
    contact = site.portal.add_contact("Иван")
    deals = [stuck(site, company=int(key[3:])) for key in segments]
    deals.append(stuck(site, company=0, contactId=contact))
    stuck(site, company=2)
    before = site.portal.journal.total
    analysis = standing(site, segments=segments | {f"C_{contact}": "AZ", "CO_2": "CZ"})
    sink = BitrixSink(client=site.client, ledger=ledger, notify=True)
    sink.write(analysis, dry_run=True)
    assert f"пробный запуск: сигналов {len(deals)}" in sink.notes
    assert site.portal.journal.total - before < 40


def test_head_from_the_job_receives_stalled_deals(site: Rig, ledger: Path) -> None:
    """The job may name the head; one who has left is refused."""
    stuck(site)
    run(site, ledger, standing(site), notify=True, head=1)
    assert [note["USER_ID"] for note in store(site, "notifications")] == [1]
    left = site.portal.add_user("Пётр", active=False)
    stuck(site)
    with pytest.raises(ConfigError, match="has left"):
        run(site, ledger, standing(site), notify=True, head=left)


def test_inactive_head_is_skipped(site: Rig, ledger: Path) -> None:
    """A head of sales who has left is replaced by the head of the parent department."""
    left = site.portal.add_user("Пётр", active=False)
    site.portal.state.stores["departments"].rows[2]["UF_HEAD"] = left
    stuck(site)
    run(site, ledger, standing(site), notify=True)
    assert [note["USER_ID"] for note in store(site, "notifications")] == [1]


def test_parent_department_supplies_the_head(site: Rig, ledger: Path) -> None:
    """Where sales have no head, the head of the parent department receives the alert."""
    site.portal.state.stores["departments"].rows[2]["UF_HEAD"] = 0
    stuck(site)
    run(site, ledger, standing(site), notify=True)
    assert [note["USER_ID"] for note in store(site, "notifications")] == [1]
