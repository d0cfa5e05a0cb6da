"""Totals over a history: the structure over time, and what became of alerts."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from abcxyz import SEGMENTS, Alert, Analysis, Settings, TimeSpent, Transactions, analyze
from abcxyz.core.advice.calls import CallOutcome
from abcxyz.core.analysis.past import AlertRecord, hours_by_class, money_after, result_of
from abcxyz.history import History
from abcxyz.i18n import LANGUAGES
from abcxyz.report import render_html

RAISED = date(2026, 3, 1)


def analyzed(
    as_of: date, customers: tuple[object, ...] = ("a", "b", "c"), metric: str = "revenue"
) -> Analysis:
    days = [date(2026, month, 5) for month in range(1, 7)]
    sales = Transactions(
        [customers[i % 3] for i in range(18)],
        [days[i // 3] for i in range(18)],
        [100.0, 20.5, 3.0] * 6,
    )
    return analyze(sales, as_of=as_of, settings=Settings(period="2M", metric=metric))


def test_the_structure_is_that_of_each_snapshot(tmp_path: Path) -> None:
    """Totals in SQL are those of the loaded snapshots, of one job and the chosen dates."""
    months = [date(2026, month, 1) for month in (3, 4, 5, 6)]
    made = [analyzed(day).snapshot for day in months]
    with History(tmp_path / "h.db") as history:
        for one in made:
            history.save(one, job="north")
        history.save(made[0], job="south")
        key = made[0].settings.fingerprint
        assert tuple(map(result_of, made)) == history.past_results(key, job="north")
        assert (result_of(made[1]),) == history.past_results(
            key, job="north", until=made[1].dated, most=1
        )
        assert () == history.past_results("other", job="north")


def test_two_years_are_read_by_default(tmp_path: Path) -> None:
    """Of more than 24 results the oldest are left out, of totals as of classes."""
    one = analyzed(date(2026, 6, 1)).snapshot
    key = one.settings.fingerprint
    with History(tmp_path / "h.db") as history:
        history.save(one)
        names = [row[1] for row in history._db.execute("PRAGMA table_info(snapshot)")]
        others = ", ".join(name for name in names if name not in ("number", "dated"))
        days = [one.dated - timedelta(days=n) for n in range(1, 25)]
        for day in days:
            history._db.execute(
                f"INSERT INTO snapshot (dated, {others}) SELECT ?, {others} FROM snapshot "
                "WHERE number = 1",
                (day.isoformat(),),
            )
        history._db.execute(
            "INSERT INTO snapshot_column SELECT snapshot.number, name, packed "
            "FROM snapshot_column JOIN snapshot ON snapshot = 1 AND snapshot.number > 1"
        )
        wanted = sorted([*days[:23], one.dated])
        assert wanted == [past.dated for past in history.past_results(key)]
        classes = history.past_classes(("a",), key, until=one.dated)
        assert classes is not None
        assert wanted == [*classes.dates]


def test_hours_are_kept_beside_a_snapshot(tmp_path: Path) -> None:
    """A run without records of time leaves those of the run before."""
    made = analyzed(date(2026, 3, 1)).snapshot
    spent = [TimeSpent(customer=one, hours=hours) for one, hours in (("a", 1.5), ("c", 7.25))]
    hours = hours_by_class(made, spent)
    assert hours is not None
    assert 8.75 == sum(hours)
    assert hours_by_class(made, []) is None
    with History(tmp_path / "h.db") as history:
        assert history.save(made)
        (result,) = history.past_results(made.settings.fingerprint)
        assert result.hours is None
        for known in (hours, None, hours):
            assert not history.save(made, hours=known)
            (result,) = history.past_results(made.settings.fingerprint)
            assert hours == result.hours


@pytest.mark.parametrize("customers", [("a", "b", "c"), (7, 8, 9)])
def test_the_classes_are_those_of_each_date(tmp_path: Path, customers: tuple[object, ...]) -> None:
    """The segments of all customers over time are the states of each of them."""
    made = [analyzed(date(2026, month, 1), customers).snapshot for month in (3, 4, 5, 6)]
    newest = made[-1]
    with History(tmp_path / "h.db") as history:
        for one in made:
            history.save(one, job="north")
        key, last = newest.settings.fingerprint, newest.dated
        known = (*customers, "new")
        past = history.past_classes(known, key, job="north", until=last)
        assert past is not None
        assert tuple(one.dated for one in made) == past.dates
        for who, codes in zip(customers, past.codes.tolist(), strict=False):
            states = [one.segment for one in history.customer(who)]  # type: ignore[arg-type]
            assert states == ["N" if code < 0 else SEGMENTS[code] for code in codes]
        assert [-2] * 4 == past.codes[-1].tolist()
        two = history.past_classes(known, key, job="north", until=last, most=2)
        assert two is not None
        assert two.codes.tolist() == past.codes[:, 2:].tolist()
        assert history.past_classes(known, key, job="south", until=last) is None


def test_a_customer_without_a_class_has_none_of_any(tmp_path: Path) -> None:
    """Where either class is missing, the code is that of no segment; an absent one has another."""
    one, two = (analyzed(date(2026, month, 1)).snapshot for month in (3, 4))
    one = attrs.evolve(one, abc=np.array([-1, 0, 2]), xyz=np.array([1, -1, 0]))
    two = attrs.evolve(two, abc=np.array([-1, 1, 0]), xyz=np.array([-1, 2, 1]))
    with History(tmp_path / "h.db") as history:
        for snapshot in (two, one):
            history.save(snapshot)
        past = history.past_classes(
            ("a", "x", "b", "c"), one.settings.fingerprint, until=date.max, most=2
        )
        assert past is not None
        assert (one.dated, two.dated) == past.dates
        assert [[-1, -1], [-2, -2], [-1, 5], [6, 1]] == past.codes.tolist()
        only = history.past_classes(("a",), one.settings.fingerprint, until=one.dated)
        assert only is None
        none = history.past_classes(("a",), one.settings.fingerprint, until=date.max, most=1)
        assert none is None


def test_the_abc_classes_of_customers_by_date(tmp_path: Path) -> None:
    """A class without its pair counts; of the job, until the date, and of the newest results."""
    one, two = (analyzed(date(2026, month, 1)).snapshot for month in (3, 4))
    one = attrs.evolve(one, abc=np.array([-1, 0, 2]), xyz=np.array([1, -1, 0]))
    two = attrs.evolve(two, abc=np.array([-1, 1, 0]), xyz=np.array([-1, 2, 1]))
    key = one.settings.fingerprint
    with History(tmp_path / "h.db") as history:
        for snapshot in (two, one):
            history.save(snapshot, job="north")

        def read(**options: Any) -> dict[date, list[int]]:
            found = history.abc_by_date(("a", "x", "b", "c"), key, **options)
            return {dated: codes.tolist() for dated, codes in found.items()}

        both = read(job="north", until=date.max)
        assert both == {one.dated: [-1, -1, 0, 2], two.dated: [-1, -1, 1, 0]}
        assert list(both) == [one.dated, two.dated]
        assert read(job="north", until=one.dated) == {one.dated: [-1, -1, 0, 2]}
        assert read(job="north", until=date.max, most=1) == {two.dated: [-1, -1, 1, 0]}
        assert read(job="south", until=date.max) == {}


def words_of(page: str) -> str:
    """Return a page without the marks that keep a number at its unit, and a date on its line."""
    return page.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "")


def test_the_page_shows_hours_by_class(tmp_path: Path) -> None:
    """Hours of the window beside those of the first result that knows them; else nothing."""
    first = analyzed(date(2026, 3, 1)).snapshot
    made = analyzed(date(2026, 6, 1))
    assert "Hours by class" not in render_html(made, languages=("en",))
    alone = render_html(attrs.evolve(made, hours=(3.0, 2.0, 5.0)), languages=("en",))
    assert "Class C takes 50% of the hours" in alone
    with History(tmp_path / "h.db") as history:
        history.save(first, hours=(1.0, 2.0, 17.0))
        history.save(made.snapshot, hours=(3.0, 2.0, 5.0))
        past = history.past_results(made.settings.fingerprint)
    page = render_html(
        attrs.evolve(made, hours=(3.0, 2.0, 5.0), past=past), languages=("en",), lang="en"
    )
    assert "12 hours less on class C than on 2026-02-28" in words_of(page)
    assert page.count("−12") == 1


@pytest.mark.parametrize("customers", [("a", "b", "c"), (7, 8, 9)])
def test_the_record_of_alerts(tmp_path: Path, customers: tuple[object, ...]) -> None:
    """Reached is who has an outcome since the alert, ordered who ordered after the call."""
    snapshot = analyzed(date(2026, 6, 1), customers).snapshot
    last = date(2026, 5, 5)
    assert {last} == {one.item() for one in snapshot.last_day}
    scope = {"job": "north", "fingerprint": snapshot.settings.fingerprint}
    alerts = [
        Alert(kind="lapsed_a", key=f"lapsed_a:{who}", customer=who, money=1.0, age=3)
        for who in customers
    ]

    def log(who: object, day: date, outcome: str) -> None:
        history.add_outcome(CallOutcome(customer=str(who), day=day, outcome=outcome), job="north")

    with History(tmp_path / "h.db") as history:
        history.save(snapshot, job="north")
        assert history.alert_record(scope["fingerprint"], job="north") is None
        history.raise_alerts(alerts, RAISED, **scope)

        def record() -> AlertRecord | None:
            return history.alert_record(scope["fingerprint"], job="north")

        expected = AlertRecord(since=RAISED, raised=3, reached=0, ordered=0)
        assert expected == record()
        log(customers[0], RAISED - timedelta(days=1), "called")  # before the alert
        assert expected == record()
        log(customers[0], last, "called")  # no order follows it
        assert attrs.evolve(expected, reached=1) == record()
        log(customers[1], last - timedelta(days=1), "called")
        assert attrs.evolve(expected, reached=2, ordered=1) == record()
        log(customers[0], last + timedelta(days=1), "ordered")
        assert attrs.evolve(expected, reached=2, ordered=2) == record()


@pytest.mark.parametrize("as_of", [date(2026, 6, 1), date(2026, 5, 20), date(2026, 5, 2)])
@pytest.mark.parametrize("bucket", ["month", "week"])
@pytest.mark.parametrize("customers", [("a", "b", "c", "d"), (7, 8, 9, 10)])
def test_the_money_after_calls_is_that_of_whole_buckets(
    customers: tuple[object, ...], bucket: str, as_of: date
) -> None:
    """Line by line: what was bought in buckets that lie between the call and 180 days later."""
    random = np.random.default_rng(7)
    first = date(2025, 1, 1)
    span = (as_of - first).days
    lines = [
        (
            customers[int(random.integers(4))],
            first + timedelta(days=int(random.integers(span))),
            float(random.integers(-20, 200)),
        )
        for _ in range(800)
    ]
    made = analyze(
        Transactions(*map(list, zip(*lines, strict=True))),
        as_of=as_of,
        settings=Settings(period="6M", bucket=bucket, lookback="12M"),
    )
    buckets: dict[tuple[object, date], float] = defaultdict(float)
    for who, day, amount in lines:
        begin = day.replace(day=1) if bucket == "month" else day - timedelta(days=day.weekday())
        buckets[who, begin] += amount
    begins = sorted({begin for _, begin in buckets})
    ends = [*begins[1:], as_of if bucket == "month" else begins[-1] + timedelta(days=7)]
    begun = made.panel.earlier
    assert begun is not None
    covered = max(begun.periods.edges[0], made.panel.periods.lookback.since)
    partial = set()
    some = 0
    for days in (0, 20, 40, 170, 175, 300, 349, 365, 366, 367, 400, 515):
        called = {
            str(who): as_of - timedelta(days=days + 11 * place)
            for place, who in enumerate([*customers, "unknown"])
        }
        wanted, known = 0.0, 0
        for who, day in called.items():
            after = [
                begin
                for begin, end in zip(begins, ends, strict=True)
                if begin > day
                and end <= min(as_of, made.panel.periods.edges[-1])
                and end <= day + timedelta(days=181)
            ]
            if after and day + timedelta(days=1) >= covered:
                known += 1
                wanted += sum(
                    amount
                    for (one, begin), amount in buckets.items()
                    if str(one) == who and begin in after
                )
        some += known
        partial.add(known)
        assert [known, pytest.approx(wanted)] == [*money_after(made.panel, called)]
    assert some > 10
    assert {0, 5} < partial


def test_orders_that_followed_stand_beside_the_hours(tmp_path: Path) -> None:
    """Money of the months after the call, in both languages; nothing where none is known."""
    made = analyzed(date(2026, 7, 1))
    key = made.settings.fingerprint
    alert = Alert(kind="lapsed_a", key="lapsed_a:a", customer="a", money=1.0, age=3)
    with History(tmp_path / "h.db") as history:
        history.save(made.snapshot)
        history.raise_alerts([alert], RAISED, job="", fingerprint=key)
        none = history.alert_record(key, panel=made.panel)
        assert none is not None
        assert (0, None) == (none.followed, none.money)
        history.add_outcome(CallOutcome(customer="a", day=date(2026, 4, 20), outcome="called"))
        record = history.alert_record(key, panel=made.panel)
        assert record is not None
        assert (1, 200.0) == (record.followed, record.money)
        assert history.alert_record(key) == attrs.evolve(record, followed=0, money=None)
    hours = (4.0, 0.5, 0.0)
    told = attrs.evolve(made, record=record, hours=hours)
    # The other language of a page is packed.
    known = "".join(words_of(render_html(told, lang=lang)) for lang in LANGUAGES)
    for said in (
        "1 customer had an alert, 1 of them were reached, 1 ordered; orders of 200 followed",
        "Orders that followed: 200 (known for 1 of 1 reached), in the whole months of the 180 ",
        "заказано на 200",
        "Заказы, которые последовали: 200 (известно о 1 из 1 с отмеченным исходом), за целые",
        '<td class="num" data-label="Money per hour">50</td>',
        '<td class="num" data-label="Денег за час">–</td>',
    ):
        assert said in known
    silent = attrs.evolve(made, record=none, hours=None)
    counted = analyzed(date(2026, 7, 1), metric="count")
    counted = attrs.evolve(counted, record=record, hours=hours)
    for page in (render_html(silent, lang="en"), render_html(counted, lang="en")):
        assert "Orders that followed" not in page
        assert "Money per hour" not in page


def test_the_page_shows_what_is_known() -> None:
    """Structure and result stand on the page where the history knows them, else nothing."""
    pytest.importorskip("jinja2")
    analysis = analyzed(date(2026, 6, 1))
    past = [result_of(analyzed(day).snapshot) for day in (date(2026, 4, 1), date(2026, 5, 1))]
    full = attrs.evolve(
        analysis,
        past=[*past, result_of(analysis.snapshot)],
        record=AlertRecord(since=RAISED, raised=5, reached=3, ordered=2),
    )
    for one, known in ((analysis, False), (full, True)):
        for lang in LANGUAGES:
            page = render_html(one, lang=lang)
            assert known == (f'id="{lang}-time"' in page)
            assert known == (f'id="{lang}-result"' in page)
    page = words_of(render_html(full, lang="en"))
    assert "5 customers had an alert, 3 of them were reached, 2 ordered" in page
    assert 'id="en-time"' in page
