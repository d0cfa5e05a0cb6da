"""Live page over HTTP: who may open it, what it shows, and the two things that it changes."""

from __future__ import annotations

import csv
import html
import io
import math
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import attrs
import numpy as np
import pytest
import requests
from tests.dashboard.conftest import JOB, TOKEN, Served
from tests.report.crm_world import crm_reports
from tests.report.page.unpack import opened

from abcxyz import EVENTS, Analysis, compare
from abcxyz.core.analysis.series import owner_totals, segment_counts
from abcxyz.core.dynamics.comparison import OverlappingWindowsWarning
from abcxyz.dashboard.archive import Archive
from abcxyz.dashboard.data import LiveData
from abcxyz.dashboard.sections import crm_table
from abcxyz.errors import ConfigError
from abcxyz.history import History
from abcxyz.i18n import compact
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import minus, plain
from abcxyz.report.page.sections.calls import silent_before


def test_only_the_person_with_the_token_gets_in(served: Served) -> None:
    """The token opens the page once and leaves a cookie; every other way in is refused."""
    base = served.base
    for address in ("/", "/?token=", "/?token=wrong", "/alerts", f"/alerts?token={TOKEN}",
                    "/customers", "/static/page.js"):  # fmt: skip
        refused = requests.get(base + address, timeout=30)
        assert 401 == refused.status_code, address
        assert "C00" not in refused.text
    welcome = requests.get(served.first, timeout=30, allow_redirects=False)
    assert (303, "/") == (welcome.status_code, welcome.headers["location"])
    cookie = welcome.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {*cookie.split("; ")}
    assert TOKEN not in cookie
    name = cookie.partition("=")[0]
    forged = requests.get(base + "/", cookies={name: TOKEN}, timeout=30)
    assert 401 == forged.status_code
    assert 200 == served.session().get(base + "/alerts", timeout=30).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_foreign_pages_are_refused_even_with_the_cookie(
    served: Served, headers: dict[str, str], status: int
) -> None:
    session = served.session()
    got = session.get(served.base + "/", headers=headers, timeout=30)
    sent = session.post(
        served.base + "/snooze", data={"key": "x", "days": "7"}, headers=headers, timeout=30
    )
    assert (status, status) == (got.status_code, sent.status_code)
    with History(served.history, read_only=True) as history:
        assert not history.snoozed(served.analysis.snapshot.as_of)


def test_a_change_without_an_origin_is_refused(served: Served) -> None:
    session = served.session()
    del session.headers["Origin"]
    who = str(served.analysis.snapshot.customers[0])
    sent = session.post(
        served.base + "/outcome", data={"customer": who, "outcome": "lost"}, timeout=30
    )
    assert 403 == sent.status_code
    with History(served.history, read_only=True) as history:
        assert () == history.outcomes()


def test_every_answer_carries_the_policy(served: Served) -> None:
    """Scripts and styles come from the server alone, and no answer is stored by the browser."""
    session = served.session()
    for path in ("/", "/alerts", "/customers", "/static/live.js", "/nothing"):
        answer = session.get(served.base + path, timeout=30)
        policy = dict(
            part.strip().split(" ", 1)
            for part in answer.headers["content-security-policy"].split(";")
        )
        assert "'none'" == policy["default-src"]
        assert "'self'" == policy["script-src"]
        assert "'none'" == policy["frame-ancestors"]
        assert "nosniff" == answer.headers["x-content-type-options"]
        assert "no-store" == answer.headers["cache-control"]
    page = session.get(served.base + "/", timeout=30).text
    assert not re.search(r"<script(?![^>]*(src=|text/plain))", page)
    assert not re.search(r"\son\w+=", page)
    script = re.search(r'src="(/static/page\.js\?v=\w+)"', page)
    assert script is not None
    assert "immutable" in session.get(served.base + script[1], timeout=30).headers["cache-control"]


def test_the_page_shows_the_analysis_in_two_languages(served: Served) -> None:
    session = served.session()
    for lang, word in (("en", "Call today"), ("ru", "Позвонить сегодня")):
        page = session.get(f"{served.base}/?lang={lang}", timeout=30).text
        assert word in page
        assert f'<html lang="{lang}">' in page
    packed = session.get(served.base + "/customers", timeout=30)
    assert len(served.analysis.snapshot) == opened(packed.content)["n"]
    assert "gzip" == packed.headers["content-encoding"]


def test_an_outcome_is_logged_and_the_call_list_changes(served: Served) -> None:
    """A logged customer is not to be called again, on the page and in the next run."""
    session, calls = served.session(), served.analysis.calls
    assert calls is not None
    who = calls[0].customer
    name = served.analysis.names[who]
    first = session.get(served.base + "/?lang=en", timeout=30).text
    calls_of = re.compile(r'<ol class="calls">.*?</ol>', re.DOTALL)
    assert name in "".join(calls_of.findall(first))
    sent = session.post(
        served.base + "/outcome?lang=en",
        data={"customer": who, "outcome": "lost", "back": "customer"},
        timeout=30,
    )
    assert sent.status_code == 200
    assert sent.url == f"{served.base}/customer?lang=en&id={who}"
    assert "customer lost" in sent.text
    again = session.get(served.base + "/?lang=en", timeout=30).text
    assert name not in "".join(calls_of.findall(again))
    assert "Customer lost" in session.get(served.base + "/alerts?lang=en", timeout=30).text
    with History(served.history, read_only=True) as history:
        assert [("lost", who)] == [
            (one.outcome, one.customer) for one in history.outcomes(job=JOB)
        ]


def test_a_snoozed_alert_is_last_and_wakes(served: Served) -> None:
    session, key = served.session(), served.analysis.alerts[0].key
    address, today = served.base + "/snooze?lang=en", served.analysis.snapshot.as_of
    page = session.post(address, data={"key": key, "days": "7"}, timeout=30).text
    assert f"{len(served.analysis.alerts) - 1}\N{NO-BREAK SPACE}alerts hold today" in page
    assert page.rindex(key) > page.rindex(served.analysis.alerts[1].key)
    with History(served.history, read_only=True) as history:
        assert {key} == history.snoozed(today)
    session.post(address, data={"key": key, "days": "0"}, timeout=30)
    with History(served.history, read_only=True) as history:
        assert frozenset() == history.snoozed(today)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/outcome", {"customer": "<b>nobody</b>", "outcome": "lost"}),
        ("/outcome", {"outcome": "lost"}),
        ("/outcome", {"customer": "C00001", "outcome": "sold"}),
        ("/snooze", {"key": "nothing", "days": "7"}),
        ("/snooze", {"key": "nothing", "days": "-7"}),
        ("/outcome", {"customer": "x" * 100_000, "outcome": "lost"}),
    ],
)
def test_a_wrong_form_changes_nothing_and_is_explained(
    served: Served, path: str, fields: dict[str, str]
) -> None:
    answer = served.session().post(served.base + path, data=fields, timeout=30)
    assert 400 == answer.status_code
    assert "<b>nobody" not in answer.text
    with History(served.history, read_only=True) as history:
        assert () == history.outcomes()


def test_a_customer_has_its_classes(served: Served) -> None:
    who = str(served.analysis.snapshot.customers[0])
    page = served.session().get(f"{served.base}/customer?lang=en&id={who}", timeout=30).text
    assert 4 == len(re.findall(r'<th scope="row">\d', page))
    assert 400 == served.session().get(f"{served.base}/customer?id=x", timeout=30).status_code


def test_a_short_token_is_refused() -> None:
    pytest.importorskip("starlette")
    from abcxyz.dashboard.access import Access

    async def nothing(*_: object) -> None:
        return

    with pytest.raises(ConfigError, match="fewer than 16"):
        Access(nothing, token="short", port=1)


def test_a_past_date_is_the_same_page(served: Served, world: tuple[Path, Analysis]) -> None:
    """The page of a date has the figures of its own analysis; a wrong date is explained."""
    session = served.session()
    with History(served.history, read_only=True) as history:
        infos = history.snapshots()
        for info in infos:
            snapshot = history.load(info)
            page = session.get(f"{served.base}/?lang=en&at={info.dated}", timeout=30).text
            total = compact(math.fsum(snapshot.value[~np.isnan(snapshot.value)]), "en", "₽")
            assert f'class="big">{total}<' in page
            assert page.count("<option") >= len(infos)
    assert "No call list" in session.get(f"{served.base}/?at={infos[0].dated}", timeout=30).text
    for wrong in ("2020-01-31", "yesterday", "<b>"):
        answer = session.get(f"{served.base}/", params={"at": wrong}, timeout=30)
        assert 400 == answer.status_code
        assert "<b>" not in answer.text


def test_any_two_dates_are_compared(served: Served) -> None:
    """The counts of moves are those of a comparison of both snapshots."""
    session = served.session()
    with History(served.history, read_only=True) as history:
        first, *_, last = history.snapshots()
        before, after = history.load(first), history.load(last)
    with pytest.warns(OverlappingWindowsWarning):
        moves = compare(before, after)
    fields = {"before": str(first.dated), "after": str(last.dated), "lang": "en"}
    page = session.get(served.base + "/compare", params=fields, timeout=30).text
    changed = np.isin(moves.events, [EVENTS.index("up"), EVENTS.index("down")]).sum()
    assert changed > 0
    table = session.get(served.base + "/export/moves.csv", params=fields, timeout=30).text
    events = [row["Event"] for row in csv.DictReader(io.StringIO(table))]
    assert changed == events.count("Rose") + events.count("Fell")
    assert "Moves between classes" in page
    swapped = {"before": fields["after"], "after": fields["before"]}
    assert 400 == session.get(served.base + "/compare", params=swapped, timeout=30).status_code


def test_lists_are_exported_as_they_are_filtered(served: Served) -> None:
    session, analysis = served.session(), served.analysis
    owner = next(str(one["owner"]) for one in analysis.attributes.values() if one.get("owner"))

    def export(name: str, **fields: str) -> list[dict[str, str]]:
        answer = session.get(f"{served.base}/export/{name}.csv", params=fields, timeout=30)
        assert 'attachment; filename="' in answer.headers["content-disposition"]
        return [*csv.DictReader(io.StringIO(answer.content.decode()))]

    everybody = export("customers", lang="en")
    assert len(analysis.snapshot) == len(everybody)
    value = np.asarray(analysis.snapshot.value, dtype=float)
    total = math.fsum(float(one["Value"]) for one in everybody if one["Value"])
    assert total == pytest.approx(np.nansum(value), rel=1e-12)
    for fields in ({"owner": owner}, {"segment": "AX"}, {"q": "ООО"}, {"step": "gone"}):
        chosen = export("customers", lang="en", **fields)
        assert 0 < len(chosen) < len(everybody)
    assert {owner} == {one["Owner"] for one in export("customers", lang="en", owner=owner)}
    assert len(analysis.calls or ()) == len(export("calls", lang="en"))
    assert len(analysis.alerts) == len(export("alerts", lang="en"))
    for name in ("secrets", "crm-secrets"):
        assert 404 == session.get(f"{served.base}/export/{name}.csv", timeout=30).status_code
    facts = Facts(analysis)
    totals = owner_totals(analysis, facts.owners)
    owners = export("owners", lang="en")
    assert [(one.owner, one.customers) for one in totals] == [
        (row["Owner"], int(row["Customers"])) for row in owners
    ]
    assert [one.value for one in totals] == pytest.approx([float(row["Value"]) for row in owners])
    assert [owner] == [row["Owner"] for row in export("owners", lang="en", owner=owner)]
    assert [one.owner == owner for one in analysis.calls or ()].count(True) == len(
        export("calls", lang="en", owner=owner)
    )
    months = export("months", lang="en")
    together = math.fsum(float(one["Together"]) for one in months)
    assert together == pytest.approx(np.nansum(value), rel=1e-9)
    cells = export("segments", lang="en")
    counts = [int(row["Customers"]) for row in cells]
    assert segment_counts(analysis.snapshot) == counts
    assert len(analysis.growth or ()) == len(export("growth", lang="en"))
    assert silent_before(facts) == [
        facts.places[row["Customer"]] for row in export("returned", lang="en")
    ]
    old = export("results", lang="en", at="2026-09-30")
    assert ["2026-07-31", "2026-08-31", "2026-09-30"] == [row["Result"] for row in old]
    assert [] == export("leads", lang="en")


def test_reports_on_the_crm_are_exported_whole(world: tuple[Path, Analysis]) -> None:
    """Every row and field of a report, not those of the page alone."""
    made = crm_reports(["Anna", "=1+1", "Boris"])
    facts = Facts(attrs.evolve(world[1], crm=made))
    assert len(made.reports) > 5
    for name, report in made.reports.items():
        table = crm_table(facts, name, "en")
        assert table is not None
        assert {len(report.rows())} == {len(column) for column in table.values()} or not table
    assert crm_table(facts, "secrets", "en") is None


def test_a_history_alone_is_enough(serve: Callable[..., Served]) -> None:
    """Without the sales the newest snapshot is shown, with the alerts that its run raised."""
    served = serve(current=False)
    session = served.session()
    assert "No call list" in session.get(served.base + "/?lang=en", timeout=30).text
    alerts = session.get(served.base + "/alerts?lang=en", timeout=30).text
    assert f"{len(served.analysis.alerts)}\N{NO-BREAK SPACE}alerts hold today" in alerts


def test_the_page_is_redrawn_for_chosen_customers(served: Served) -> None:
    """Every figure and chart is of an owner's customers, by the classes of all."""
    session, analysis = served.session(), served.analysis
    facts = Facts(analysis)
    owners = {one for one in facts.owners if one}
    assert len(owners) > 1
    values = np.nan_to_num(np.asarray(analysis.snapshot.value, dtype=float))
    for owner in owners:
        fields = {"lang": "en", "owner": owner}
        page = session.get(served.base + "/", params=fields, timeout=30).text
        whose = np.array([one == owner for one in facts.owners])
        assert f'class="big">{compact(math.fsum(values[whose]), "en", "₽")}<' in page
        assert f"of the chosen customers only: {whose.sum()}" in page
        answer = session.get(served.base + "/customers", params=fields, timeout=30)
        packed = opened(answer.content)
        assert packed["n"] == whose.sum()
        ids = dict(zip(packed["id"], packed["segment"], strict=True))
        for i in np.flatnonzero(whose).tolist():
            code = analysis.snapshot.segment[i]
            assert ids[str(analysis.snapshot.customers[i])] == ("-" if code < 0 else str(code))
    for fields in (
        {"q": str(analysis.snapshot.customers[3])},
        {"step": "gone"},
        {"segment": "CZ"},
    ):
        answer = session.get(served.base + "/", params={"lang": "en", **fields}, timeout=30)
        assert 200 == answer.status_code
    nobody = session.get(served.base + "/", params={"q": "<b>nobody"}, timeout=30)
    assert 400 == nobody.status_code
    assert "<b>" not in nobody.text


def test_a_run_meanwhile_is_shown(serve: Callable[..., Served]) -> None:
    """The page follows the history when another process changes it."""
    served = serve(current=False)
    session = served.session()
    with History(served.history) as history:
        dates = [one.dated for one in history.snapshots()]
        assert f'value="{dates[-1]}" selected' in session.get(served.base, timeout=30).text
        history.prune(dates[-1], job=JOB)
    page = session.get(served.base, timeout=30).text
    assert not any(f'value="{one}"' in page for one in dates)  # one date leaves nothing to choose


def test_a_customer_says_since_when(served: Served) -> None:
    """Since which result the newest segment holds, and what it was before; with the identifier."""
    with History(served.history, read_only=True) as history:
        known = {who: history.customer(who) for who in served.analysis.snapshot.customers.tolist()}
    moved = next(
        who for who, states in known.items() if len({one.segment for one in states[-2:]}) == 2
    )
    steady = next(
        who
        for who, states in known.items()
        if len({one.segment for one in states}) == 1 and states[-1].segment != "N"
    )
    session = served.session()
    states = known[moved]
    page = session.get(f"{served.base}/customer", params={"id": moved, "lang": "en"}, timeout=30)
    assert (
        f'<p class="since">{"no sales" if states[-1].segment == "N" else states[-1].segment} '
        f"since {states[-1].dated}, before " in page.text.replace("\N{WORD JOINER}", "")
    )
    assert f'<small class="id"><bdi>{moved}</bdi></small></h1>' in page.text.replace(
        "\N{WORD JOINER}", ""
    )
    states = known[steady]
    page = session.get(f"{served.base}/customer", params={"id": steady, "lang": "en"}, timeout=30)
    assert (
        f'<p class="since">{states[0].segment} since {states[0].dated}</p>'
        in page.text.replace("\N{WORD JOINER}", "")
    )


def test_the_other_language_shows_the_same(served: Served) -> None:
    """Date, filters, customer and compared dates stay when the language changes."""
    session = served.session()
    who = str(served.analysis.snapshot.customers[0])
    for path, fields in (
        ("/", {"at": "2026-09-30", "segment": "AX"}),
        ("/compare", {"before": "2026-08-31", "after": "2026-09-30"}),
        ("/customer", {"id": who}),
    ):
        page = session.get(served.base + path, params={"lang": "en", **fields}, timeout=30)
        (address,) = re.findall(r'href="([^"]*)" lang="ru"', page.text)
        query = dict(parse_qsl(urlsplit(html.unescape(address)).query))
        assert {"lang": "ru", **fields} == query


def test_an_alert_of_the_call_list_has_its_money(served: Served) -> None:
    """The report and the alerts call the same money in question: that of the missing orders."""
    page = served.session().get(f"{served.base}/alerts", params={"lang": "en"}, timeout=30).text
    assert served.analysis.calls
    for one in served.analysis.calls:
        assert f"{minus(compact(one.money, 'en', '₽'))} in question" in page
    assert len(served.analysis.calls) == page.count("in question</b>")


def test_alerts_are_in_the_order_of_the_money_shown(served: Served) -> None:
    """Not of the year's revenue of a silent customer, and after a call is logged as before it."""
    analysis = served.analysis
    assert analysis.calls is not None
    (lapsed,) = [one for one in analysis.alerts if one.customer == analysis.calls[0].customer]
    asked = analysis.calls[0].money
    assert lapsed.kind == "lapsed_a"
    # As versions before raised it.
    lapsed = attrs.evolve(lapsed, money=10 * asked)
    assert lapsed.money is not None
    other = attrs.evolve(
        next(one for one in analysis.alerts if one.kind != "lapsed_a"),
        money=(asked + lapsed.money) / 2,
    )
    archive = Archive(served.history, job=JOB, fingerprint=analysis.settings.fingerprint)
    data = LiveData(
        archive,
        facts=Facts(attrs.evolve(analysis, alerts=[lapsed, other])),
        job=JOB,
        today=lambda: analysis.snapshot.as_of,
    )
    for _ in range(2):
        assert [(other.key, other.money), (lapsed.key, asked)] == [
            (one.alert.key, one.money) for one in data.alerts()
        ]
        data.log(plain(str(lapsed.customer)), "called")
    assert [lapsed.customer] == [one.customer for one in data.outcomes(lapsed.customer)]


def test_a_problem_is_a_sentence(served: Served) -> None:
    answer = served.session().get(f"{served.base}/customer?lang=en&id=nobody", timeout=30)
    assert "<p>There is no customer &#39;nobody&#39; here</p>" in answer.text
