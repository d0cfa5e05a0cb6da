"""Sources of CRM records: files and a database, by the contract and through the command."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from abcxyz import Window
from abcxyz.builtin.crm_files import CrmFiles
from abcxyz.cli import main
from abcxyz.errors import ConfigError, InputError
from abcxyz.plugins import CrmSource
from abcxyz.testing import CrmSourceContract

TABLES = {
    "deals": (
        "deal,funnel,created,stage,amount,owner,customer,lead",
        "1,sales,2026-02-02T09:00:00+03:00,WON,1000,ann,CO_1,11",
        "2,sales,2026-02-10T09:00:00+03:00,LOST,400,bob,CO_2,12",
        "3,sales,2026-03-05T09:00:00+03:00,NEW,700,ann,CO_1,13",
        "4,sales,2026-03-20T09:00:00+03:00,WON,50,bob,CO_3,14",
        "5,sales,2026-05-01T09:00:00+03:00,NEW,60,bob,CO_3,15",
    ),
    "stage_changes": (
        "deal,stage,entered",
        "1,NEW,2026-02-02T09:00:00+03:00",
        "1,WON,2026-03-12T09:00:00+03:00",
        "2,NEW,2026-02-10T09:00:00+03:00",
        "2,LOST,2026-02-20T09:00:00+03:00",
        "3,NEW,2026-03-05T09:00:00+03:00",
        "4,NEW,2026-03-20T09:00:00+03:00",
        "4,WON,2026-04-02T09:00:00+03:00",
        "5,NEW,2026-05-01T09:00:00+03:00",
    ),
    "activities": (
        "activity,kind,started,direction,done,deal",
        "1,call,2026-02-02T10:00:00+03:00,out,yes,1",
        "2,letter,2026-03-06T10:00:00+03:00,out,yes,3",
        "3,call,2026-03-30T10:00:00+03:00,out,no,4",
    ),
    "leads": (
        "lead,created,deal",
        "11,2026-02-02T08:00:00+03:00,1",
        "12,2026-02-10T08:00:00+03:00,2",
        "13,2026-03-05T08:00:00+03:00,3",
        "14,2026-03-20T08:00:00+03:00,4",
    ),
    "stages": ("stage,semantics", "NEW,P", "WON,S", "LOST,F"),
}


def folder_of(folder: Path) -> Path:
    """Write the tables as files."""
    folder.mkdir(exist_ok=True)
    for name, lines in TABLES.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def database_of(path: Path) -> Path:
    """Write the tables into a database."""
    with contextlib.closing(sqlite3.connect(path)) as base, base:
        for name, (head, *lines) in TABLES.items():
            base.execute(f"CREATE TABLE {name} ({head})")
            holes = ",".join("?" * len(head.split(",")))
            rows = [line.split(",") for line in lines]
            base.executemany(f"INSERT INTO {name} VALUES ({holes})", rows)
    return path


BEFORE = " WHERE substr(created, 1, 10) < :until"
QUERIES = {name: f"SELECT * FROM {name}" for name in TABLES}
QUERIES["stage_changes"] += f" WHERE deal IN (SELECT deal FROM deals{BEFORE})"
QUERIES["deals"] += BEFORE


class CrmContract(CrmSourceContract):
    """The contract over the window of the records."""

    @pytest.fixture
    def window(self) -> Window:
        return Window(date(2026, 3, 1), date(2026, 4, 1))


class TestFiles(CrmContract):
    """A folder of files."""

    @pytest.fixture
    def make_source(self, tmp_path: Path) -> Callable[[], CrmSource]:
        folder = folder_of(tmp_path / "crm")
        return lambda: CrmFiles(folder, zone="Europe/Moscow")


class TestDatabase(CrmContract):
    """A database of SQLite."""

    @pytest.fixture
    def make_source(self, tmp_path: Path) -> Iterator[Callable[[], CrmSource]]:
        sql = pytest.importorskip("abcxyz.builtin.sql.crm")
        pytest.importorskip("sqlalchemy")
        url = f"sqlite:///{database_of(tmp_path / 'crm.db')}"
        with contextlib.ExitStack() as opened:

            def make() -> CrmSource:
                source = sql.SqlCrm(url, sql=QUERIES, zone="Europe/Moscow")
                opened.callback(source.close)
                made: CrmSource = source
                return made

            yield make


MARCH = Window(date(2026, 3, 1), date(2026, 4, 1))


def test_a_window_holds_the_deals_alive_in_it(tmp_path: Path) -> None:
    """Deals closed before it or created after it are left out; histories are whole."""
    crm = CrmFiles(folder_of(tmp_path / "crm"), zone="Europe/Moscow").crm(MARCH)
    assert crm.deals.deal.tolist() == ["1", "3", "4"]
    assert crm.outcomes.kind.tolist() == [1, 0, 0]
    assert crm.changes is not None
    assert crm.changes.deal.tolist() == ["1", "1", "3", "4"]
    assert crm.activities is not None
    assert crm.activities.activity.tolist() == ["1", "2", "3"]
    assert crm.leads is not None
    assert crm.leads.lead.tolist() == ["11", "13", "14"]


def test_both_sources_read_the_same(tmp_path: Path) -> None:
    """Files and a database with the same rows give the same records."""
    pytest.importorskip("sqlalchemy")
    from abcxyz.builtin.sql import SqlCrm

    files = CrmFiles(folder_of(tmp_path / "crm"), zone="Europe/Moscow").crm(MARCH)
    url = f"sqlite:///{database_of(tmp_path / 'crm.db')}"
    base = SqlCrm(url, sql=QUERIES, zone="Europe/Moscow")
    assert base.crm(MARCH).tables() == files.tables()
    assert "deals: deal, funnel, created" in base.preflight()[1]
    base.close()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ({"deal": "x", "deals": "y"}, "there is no table 'deal' of a CRM; give queries for some"),
        ({"leads": "x"}, "a CRM needs a query for deals or stage_changes; add one under"),
    ],
)
def test_queries_are_checked(sql: dict[str, str], message: str) -> None:
    pytest.importorskip("sqlalchemy")
    from abcxyz.builtin.sql import SqlCrm

    with pytest.raises(ConfigError, match=message):
        SqlCrm("sqlite:///x.db", sql=sql)


JOB = """
[[source]]
kind = "csv"
path = "sales.csv"

[[sink]]
kind = "json"
path = "out.json"

[crm]
source = "files"
path = "crm"
zone = "Europe/Moscow"
{more}
"""


def call(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = main([*args])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_opens_files_and_jobs_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The funnel of a folder equals that of the job that names it."""
    folder_of(tmp_path / "crm")
    job = tmp_path / "job.toml"
    job.write_text(JOB.format(more=""), encoding="utf-8")
    options = ("--as-of", "2026-04-10", "--from", "2026-01", "--json")
    code, out, _ = call(capsys, "crm", "funnel", str(job), *options)
    assert code == 0
    zone = ("--zone", "Europe/Moscow")
    code, same, _ = call(capsys, "crm", "funnel", str(tmp_path / "crm"), *zone, *options)
    assert code == 0
    assert json.loads(out)["funnels"] == json.loads(same)["funnels"]
    assert [one["reached"] for one in json.loads(out)["funnels"]["sales"]["stages"]] == [4, 2]


def test_a_job_brings_its_rules_and_calendar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rules of service and the working hours of the job decide the states."""
    folder_of(tmp_path / "crm")
    job = tmp_path / "job.toml"
    rule = '[[crm.sla]]\nname = "answer"\nstarts = "lead"\nhours = {}\n'
    met = {}
    for hours in (0.5, 3):
        text = '[crm.calendar]\nhours = ["08:00-20:00"]\n' + rule.format(hours)
        job.write_text(JOB.format(more=text), encoding="utf-8")
        code, out, _ = call(capsys, "crm", "sla", str(job), "--as-of", "2026-04-10", "--json")
        assert code == 0
        (total,) = [one for one in json.loads(out)["levels"] if not one["owner"]]
        met[hours] = (total["rule"], total["met"], total["late"])
    assert met == {0.5: ("answer", 0, 2), 3: ("answer", 1, 1)}


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (JOB.partition("[crm]")[0], (), "job.toml names no CRM; add a table [crm]"),
        (JOB, ("--zone", "UTC"), "job.toml is a job: write zone under [crm]"),
    ],
)
def test_a_job_that_does_not_fit_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    options: Sequence[str],
    message: str,
) -> None:
    job = tmp_path / "job.toml"
    job.write_text(text.format(more=""), encoding="utf-8")
    code, _, err = call(capsys, "crm", "funnel", str(job), *options)
    assert code != 0
    assert message in err


def test_a_missing_table_names_the_report(tmp_path: Path) -> None:
    """A table that is not asked for is absent, and a report that needs it says so."""
    from abcxyz.crm import funnel

    crm = CrmFiles(folder_of(tmp_path / "crm"), zone="Europe/Moscow").crm(
        MARCH, tables=frozenset()
    )
    assert set(crm.tables()) == {"deals"}
    with pytest.raises(InputError, match="needs the table stage_changes"):
        funnel(crm)
