"""Alert channels: each alert is sent once, under any faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.bitrix.alert_helpers import run, store, warned
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.harness import Rig, alert_of
from tests.emulators.bitrix24.rest3 import Rest3, Rest3Error

from abcxyz.errors import AbcxyzWarning
from abcxyz_bitrix.sink import BitrixSink


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


def test_notification_answered_with_false_is_sent_again(site: Rig, ledger: Path) -> None:
    """A notification that the portal does not deliver is tried again, then by the next run."""
    analysis = warned(alert_of("k1", "CO_1"))
    site.portal.state.notifications_fail = 3
    sink = BitrixSink(client=site.client, ledger=ledger, notify=True, lang="en")
    report = sink.write(analysis, dry_run=False)
    assert "did not deliver the notification to user 2" in report.failed["CO_1"]
    assert report.alerts_left == ("k1",)
    run(site, ledger, analysis, notify=True)
    assert len(store(site, "notifications")) == 1


def test_failing_channel_stops_no_other(site: Rig, ledger: Path) -> None:
    """Without the right to notify, comments and tasks are made all the same."""
    site.portal.hook.scopes -= {"im"}
    analysis = warned(alert_of("k1", "CO_1"), alert_of("k2", "CO_2"))
    sink = BitrixSink(client=site.client, ledger=ledger, timeline=True, tasks=True, notify=True)
    report = sink.write(analysis, dry_run=False)
    assert (len(store(site, "comments")), len(store(site, "tasks"))) == (2, 2)
    assert report.alerts_left == ("k1", "k2")
    assert site.portal.journal.by_method["im.notify.system.add"] == 1


def test_portal_without_a_route_of_rest_3(site: Rig, ledger: Path) -> None:
    """Where every call below the route of REST 3.0 is answered with 401, tasks are made once."""
    site.portal.state.rest3_route = False
    for _ in range(2):
        run(site, ledger, warned(alert_of("k1", "CO_1"), alert_of("k2", "CO_2")), tasks=True)
    assert len(store(site, "tasks")) == 2


@pytest.mark.parametrize("without_text", [True, False])
def test_lost_answer_without_rest_3_doubles_no_task(
    site: Rig, ledger: Path, without_text: bool
) -> None:
    """Without REST 3.0 a task is searched for, by its mark or its title, before it is repeated."""
    site.portal.state.rest3_route = False
    site.portal.state.task_entries_without_text = without_text
    if without_text:
        site.portal.state.denied["tasks.task.list", 1] = RefusedError(403, "ACCESS_DENIED", "")
    analysis = warned(alert_of("s", "CO_1", "stalled_deal"))
    site.portal.faults.add("reset_after", "tasks.task.add", skip=1)
    for _ in range(3):
        run(site, ledger, analysis, tasks=True)
    assert len(store(site, "tasks")) == 1


def test_reused_key_is_a_task_that_exists(site: Rig, ledger: Path) -> None:
    """A key that was used with another text within a day makes no second task."""
    analysis = warned(alert_of("k1", "CO_1"))
    run(site, ledger, analysis, tasks=True)
    ledger.unlink()
    site.portal.state.stores["tasks"].rows[1]["DESCRIPTION"] = "changed by hand"
    for row in store(site, "activities"):
        row["DESCRIPTION"] = ""
    run(site, ledger, evolve(analysis, names={"CO_1": "Ромашка"}), tasks=True)
    assert len(store(site, "tasks")) == 1
