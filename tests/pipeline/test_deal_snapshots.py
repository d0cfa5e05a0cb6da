"""Daily snapshots of the deals of a CRM: kept by runs, used for past days, erased."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builtin.test_crm_sources import TABLES, folder_of
from tests.crm.deals.portals import portal
from tests.crm.deals.test_win_probability import write
from tests.crm.worlds import World, moment, read, worlds

from abcxyz import Window
from abcxyz.config import parse_job
from abcxyz.crm import (
    REPORTS,
    CrmAnalysis,
    CrmData,
    WinProbability,
    make_report,
    snapshot,
    text_column,
)
from abcxyz.crm.records.visits import WON
from abcxyz.errors import ConfigError
from abcxyz.history import History
from abcxyz.pipeline import Outcome, run
from abcxyz.pipeline.crm import open_crm
from abcxyz.pipeline.deal_snapshots import DealMemory
from abcxyz.pipeline.forget import forget
from abcxyz.toolkit.clock import ManualClock

JOB = """
[[source]]
kind = "csv"
path = "sales.csv"

[history]
path = "history.sqlite"
deals = true

[crm]
source = "files"
path = "crm"
zone = "Europe/Moscow"
"""
APRIL = [date(2026, 4, day) for day in (10, 11, 12, 13)]


def noon(day: date) -> ManualClock:
    return ManualClock(datetime(day.year, day.month, day.day, 9, tzinfo=UTC).timestamp())


def run_on(
    folder: Path, day: date, *, deals: tuple[str, ...] = (), as_of: date | None = None
) -> Outcome:
    """Run the job of a folder on a day, at which the CRM shows these deals."""
    crm = folder_of(folder / "crm")
    if deals:
        (crm / "deals.csv").write_text("\n".join(deals) + "\n", encoding="utf-8")
    sales = "customer,date,amount\nCO_1,2026-01-05,10\nCO_2,2026-02-05,5\n"
    (folder / "sales.csv").write_text(sales, encoding="utf-8")
    job = parse_job(JOB, folder / "job.toml")
    (folder / "job.toml").write_text(JOB, encoding="utf-8")
    outcome = run(job, as_of=as_of or day, clock=noon(day))
    assert outcome.enricher is None
    return outcome


def repriced(amount: int, owner: str = "ann") -> tuple[str, ...]:
    """Return the deals with another amount and owner of the open deal 3."""
    return (
        *TABLES["deals"][:3],
        f"3,sales,2026-03-05T09:00:00+03:00,NEW,{amount},{owner},CO_1,13",
    )


def states(folder: Path) -> list[tuple[Any, ...]]:
    """Return what the history keeps: deal, day, amount, owner."""
    with History(folder / "history.sqlite") as history:
        return history._db.execute(
            "SELECT deal, dated, amount, owner FROM deal_history ORDER BY deal, dated"
        ).fetchall()


def test_only_changes_are_kept_and_a_repeated_run_adds_nothing(tmp_path: Path) -> None:
    run_on(tmp_path, APRIL[0], deals=repriced(700))
    first = states(tmp_path)
    assert [("1", "2026-04-10", 1000.0, "ann"), ("3", "2026-04-10", 700.0, "ann")] == first[::2]
    run_on(tmp_path, APRIL[0], deals=repriced(700))
    run_on(tmp_path, APRIL[1], deals=repriced(700))
    assert states(tmp_path) == first
    run_on(tmp_path, APRIL[2], deals=repriced(900, "bob"))
    assert states(tmp_path) == [*first, ("3", "2026-04-12", 900.0, "bob")]
    run_on(tmp_path, APRIL[2], deals=repriced(950, "bob"))
    assert states(tmp_path) == [*first, ("3", "2026-04-12", 950.0, "bob")]
    # A deal that the CRM lists no more leaves a mark, so that its last state does not go on.
    run_on(tmp_path, APRIL[3], deals=repriced(950)[:3])
    assert states(tmp_path)[-1] == ("3", "2026-04-13", None, None)
    with History(tmp_path / "history.sqlite") as history:
        (job,) = history._db.execute("SELECT job FROM deal_source").fetchone()
        assert history.deal_days(job) == tuple(APRIL)


def test_a_past_day_shows_what_its_run_showed(tmp_path: Path) -> None:
    """By another run of that day, and by the command on the job."""
    then = run_on(tmp_path, APRIL[0], deals=repriced(700)).analysis.crm
    now = run_on(tmp_path, APRIL[2], deals=repriced(900, "bob")).analysis.crm
    again = run_on(tmp_path, APRIL[2], deals=repriced(900, "bob"), as_of=APRIL[0]).analysis.crm
    assert isinstance(then, CrmAnalysis)
    assert isinstance(now, CrmAnalysis)
    assert isinstance(again, CrmAnalysis)
    for name, report in then.reports.items():
        assert again.reports[name].to_dict() == report.to_dict(), name
    assert again.reports["snapshot"].to_dict() != now.reports["snapshot"].to_dict()
    opened = open_crm(tmp_path / "job.toml", today=APRIL[3], as_of=APRIL[1])
    assert [one.amount for one in snapshot(opened.crm).stages] == [700.0]


def test_a_run_of_a_past_day_keeps_nothing(tmp_path: Path) -> None:
    """The CRM shows the values of today, which are not those of then; nor of a distant day."""
    run_on(tmp_path, APRIL[2], deals=repriced(900), as_of=APRIL[0])
    run_on(tmp_path, APRIL[2], deals=repriced(900), as_of=date(2026, 6, 1))
    assert states(tmp_path) == []
    run_on(tmp_path, APRIL[2], deals=repriced(900), as_of=APRIL[3])
    assert {one[1] for one in states(tmp_path)} == {"2026-04-13"}


def test_an_erased_customer_leaves_no_deal(tmp_path: Path) -> None:
    run_on(tmp_path, APRIL[0], deals=repriced(700))
    run_on(tmp_path, APRIL[1], deals=repriced(900))
    run_on(tmp_path, APRIL[2], deals=repriced(900)[:3])
    file = tmp_path / "history.sqlite"
    counts = forget("CO_1", history=file, dry_run=True)[str(file)]
    assert counts["deals"] == 3  # deal 1 once, deal 3 twice
    assert forget("CO_1", history=file)[str(file)] == counts
    assert [one[0] for one in states(tmp_path)] == ["2"]
    assert forget("CO_1", history=file)[str(file)]["deals"] == 0
    # CO_2 is a customer of the sales too; deal 1 and 3 and their marks are gone.
    assert b"CO_1" not in file.read_bytes()


def test_retention_keeps_the_state_that_lasts(tmp_path: Path) -> None:
    for day, amount in zip(APRIL, (700, 800, 900, 900), strict=True):
        run_on(tmp_path, day, deals=repriced(amount))
    with History(tmp_path / "history.sqlite") as history:
        (job,) = history._db.execute("SELECT job FROM deal_source").fetchone()
        history.prune_deals(APRIL[3], job="another")
        assert len(states(tmp_path)) == 5
        history.prune_deals(APRIL[3], job=job)
        assert [one[:3] for one in states(tmp_path)] == [
            ("1", "2026-04-10", 1000.0),
            ("2", "2026-04-10", 400.0),
            ("3", "2026-04-12", 900.0),
        ]
        assert history.deal_days(job) == (APRIL[0], APRIL[2], APRIL[3])


def test_it_needs_a_crm_and_a_history(tmp_path: Path) -> None:
    for text in (JOB[: JOB.index("[crm]")], JOB.replace('path = "history.sqlite"', "")):
        with pytest.raises(ConfigError, match="needs the path of a history"):
            parse_job(text + '\n[[sink]]\nkind = "json"\npath = "o.json"\n', tmp_path / "j.toml")


def changing(crm: CrmData, seed: int, *, with_history: bool) -> CrmData:
    """Return a reading whose amounts, owners and planned days are those of one day."""
    random = Random(seed)
    n = len(crm.deals)
    owner = text_column([random.choice(["m0", "m1", ""]) for _ in range(n)])
    deals = crm.deals.with_columns(
        amount=np.array([random.choice([100.0, 200.0, float("nan")]) for _ in range(n)]),
        owner=owner,
        planned=np.array([random.choice(["2026-04-01", "NaT"]) for _ in range(n)], dtype="M8[D]"),
    )
    changes = crm.changes if with_history else None
    return attrs.evolve(crm, deals=deals, changes=changes, until=crm.until)


@settings(max_examples=10)
@given(
    world=worlds(),
    days=st.sets(st.integers(1, 35), min_size=2, max_size=3),
    seed=st.integers(0, 99),
    with_history=st.booleans(),
)
def test_a_report_of_a_past_day_equals_the_one_made_on_it(
    world: World, days: set[int], seed: int, with_history: bool
) -> None:
    """Also of a CRM that keeps no history of anything, by the snapshots of its runs."""
    job = parse_job(JOB, "job.toml")
    made: list[tuple[date, CrmData]] = []
    with TemporaryDirectory() as folder, History(Path(folder) / "history.db") as history:
        for day in sorted(days):
            # Midnight in Moscow is 21:00 UTC, the hour 15 of a world.
            when = date(2026, 3, 3) + timedelta(days=day)
            reading = changing(read(world, 15 + 24 * day), seed + day, with_history=with_history)
            assert reading.moment(when) == reading.until
            memory = DealMemory(history, job, when, noon(when))
            made.append((when, memory.shown(reading, job.crm)))  # type: ignore[arg-type]
            assert memory.save()
    last = made[-1][1]
    window = Window(date(2026, 3, 4), date(2026, 3, 25))
    for when, then in made:
        past = last.as_of(when)
        for name in REPORTS:
            if name in ("products", "offers") or (
                not with_history and name in ("funnel", "flow", "cycle", "stuck", "win", "risks")
            ):
                continue
            chosen = window if name in ("flow", "managers") else None
            report = make_report(name, past, chosen).to_dict()
            assert report == make_report(name, then, chosen).to_dict(), (name, when)
        assert str(past.deals.planned) == str(then.deals.planned)


def test_world_hours_begin_in_moscow() -> None:
    """The property above asks for midnights."""
    crm = read(World((((0, "sales", "NEW"),),), ()), 39)
    assert crm.moment(date(2026, 3, 4)) == crm.until == moment(39)


@pytest.mark.slow  # a year of snapshots
def test_what_the_snapshots_show_is_learned_from(tmp_path: Path) -> None:
    """The amount of a deal that will be won is raised while it is open; nothing else tells it."""
    crm = portal(1500, telling=False)
    won = crm.outcomes.kind == WON
    rng = np.random.default_rng(8)
    raised = np.where(rng.random(len(won)) < 0.25, rng.random(len(won)) < 0.5, won)
    low = np.round(rng.lognormal(8, 0.3, len(won)))
    (tmp_path / "crm").mkdir()
    write(crm, tmp_path / "crm")
    (tmp_path / "sales.csv").write_text("customer,date,amount\na,2026-01-05,10\n", "utf-8")
    job = parse_job(JOB, tmp_path / "job.toml")
    end = date(2026, 6, 15)
    with History(tmp_path / "history.sqlite") as history:
        for weeks in range(52, 0, -2):
            day = end - timedelta(days=7 * weeks)
            then = crm.as_of(day)
            rows = crm.rows_of_deals(then.deals.deal)
            old = then.until - then.deals.created > np.timedelta64(8, "D")
            amount = np.where(old & raised[rows], 3.0, 1.0) * low[rows]
            seen = attrs.evolve(
                then, deals=then.deals.with_columns(amount=amount), values=None, changes=None
            )
            memory = DealMemory(history, job, day, noon(day))
            memory.shown(seen, job.crm)  # type: ignore[arg-type]
            assert memory.save()
    # Their history reaches the command on the job as well as the job.
    (tmp_path / "job.toml").write_text(JOB, encoding="utf-8")
    values = open_crm(tmp_path / "job.toml", today=end).crm.values
    assert values is not None
    assert {"amount", "stage"} <= {*values.field.present()}
    with_memory, without = (
        run(one, as_of=end, clock=noon(end)).analysis.crm
        for one in (job, parse_job(JOB.replace("deals = true", ""), tmp_path / "job.toml"))
    )
    assert isinstance(with_memory, CrmAnalysis)
    assert isinstance(without, CrmAnalysis)
    learned, plain = with_memory.reports["win"], without.reports["win"]
    assert isinstance(learned, WinProbability)
    assert isinstance(plain, WinProbability)
    assert learned.basis == "learned"
    assert learned.model.card is not None
    assert "amount" in {one.name for one in learned.model.card.attributes}
    assert plain.basis == "stage_rates"
    assert plain.model.tried["learned"].auc + 0.1 < learned.model.tried["learned"].auc
    assert any("amount: " in reason for one in learned.deals for reason in one.reasons())
