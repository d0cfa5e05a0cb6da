"""Files of a CRM: exports of several programs, moments, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from abcxyz.crm import CrmData, Stage
from abcxyz.crm.records.personal import PERSONAL, check_attributes
from abcxyz.crm.reports.funnel import funnel
from abcxyz.errors import InputError
from abcxyz.tables.crm.read import read_crm
from abcxyz.toolkit.catalogue import translate

DEALS = """deal,funnel,created,stage,amount,owner,outcome
1,sales,2026-05-01T09:00:00+03:00,WON,"1 200,50",Anna,won
2,sales,2026-05-02T10:00:00Z,NEW,,Boris,open
3,sales,2026-05-02T10:00:00Z,OFF,10,Boris,lost
"""
CHANGES = """deal,stage,entered
1,NEW,2026-05-01T09:00:00+03:00
1,WON,2026-05-03T09:00:00+03:00
2,NEW,2026-05-02T10:00:00Z
3,NEW,2026-05-02T10:00:00Z
3,OFF,2026-05-02T11:00:00Z
"""


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def test_a_folder_of_tables(tmp_path: Path) -> None:
    reading = read_crm(folder(tmp_path, deals=DEALS, stage_changes=CHANGES), zone="Europe/Moscow")
    crm = reading.crm
    assert crm.deals.created[0] == np.datetime64("2026-05-01T06:00:00")
    assert crm.amounts.tolist()[0] == 1200.5
    assert crm.outcomes.kind.tolist() == [1, 0, 2]
    assert "NEW > WON | OFF" in reading.remarks[0]
    assert "угадан" in translate(reading.remarks[0], "ru")
    assert reading.columns["deals"]["owner"] == "owner"


def test_stages_of_a_file_and_by_option(tmp_path: Path) -> None:
    stages = "stage,name,semantics\nNEW,New,P\nWON,Won,S\nOFF,Lost,F\n"
    files = {"deals": DEALS, "stage_changes": CHANGES, "stages": stages}
    reading = read_crm(folder(tmp_path, **files), zone="UTC")
    assert reading.remarks == ()
    assert [row.name for row in funnel(reading.crm)["sales"].stages] == ["New", "Won"]


def test_russian_headings_and_local_times(tmp_path: Path) -> None:
    text = (
        "ID сделки;Воронка;Дата создания;Стадия;Сумма;Ответственный;Компания\n"
        "7;Продажи;04.05.2026 09:30;Новая;1 500,00;Анна;Ромашка\n"
        "8;Продажи;25.05.2026 18:00:30;Провал;200,5;Борис;Лютик\n"
    )
    crm = read_crm(folder(tmp_path, deals=text), zone="Europe/Moscow").crm
    assert [str(one) for one in crm.deals.created] == [
        "2026-05-04T06:30:00",
        "2026-05-25T15:00:30",
    ]
    assert crm.amounts.tolist() == [1500.0, 200.5]
    assert crm.outcomes.kind.tolist() == [0, 2]


def test_wide_stage_columns(tmp_path: Path) -> None:
    """Only the latest entry of each stage survives such an export."""
    text = (
        "Record ID,Create Date,Deal Stage,Pipeline,Amount,"
        "\"Date entered 'Appointment (Sales)'\",\"Date entered 'Closed won (Sales)'\"\n"
        "11,2026-05-01 09:00,Closed won,Sales,5,2026-05-01 09:00,2026-05-09 10:00\n"
        "12,2026-05-02 09:00,Appointment,Sales,6,2026-05-02 09:00,\n"
    )
    reading = read_crm(folder(tmp_path, deals=text), zone="America/New_York")
    assert any("only the latest entry" in one for one in reading.remarks)
    rows = funnel(reading.crm)["Sales"].stages
    assert [(row.stage, row.reached) for row in rows] == [("Appointment", 2), ("Closed won", 1)]
    assert reading.crm.changes is not None
    assert str(reading.crm.changes.entered[0]) == "2026-05-01T13:00:00"


def test_rows_from_stage_to_stage(tmp_path: Path) -> None:
    history = (
        "Opportunity ID,From Stage,To Stage,Last Modified,Amount\n"
        "1,NEW,NEW,2026-05-01T09:00:00Z,5\n"
        "1,NEW,WON,2026-05-03T09:00:00Z,5\n"
    )
    reading = read_crm(folder(tmp_path, deals=DEALS, stage_changes=history), zone="UTC")
    assert any("1 row of the history changes no stage" in one for one in reading.remarks)
    assert reading.crm.changes is not None
    assert reading.crm.changes.stage.tolist() == ["WON"]


def test_a_deal_begins_in_the_stage_that_its_first_move_left(tmp_path: Path) -> None:
    """Deals from before the file begins keep their gap: their first moves may be missing."""
    deals = (
        "Opportunity ID,Created Date,Stage\n"
        "1,2026-05-01T09:00:00Z,WON\n2,2026-05-03T09:00:00Z,WON\n3,2026-05-04T09:00:00Z,NEW\n"
    )
    history = (
        "Opportunity ID,From Stage,To Stage,Last Modified\n"
        "1,OFFER,WON,2026-05-02T09:00:00Z\n"
        "2,NEW,OFFER,2026-05-05T09:00:00Z\n"
        "2,OFFER,WON,2026-05-06T09:00:00Z\n"
    )
    way: list[str | Stage] = ["NEW", "OFFER", Stage("WON", semantics="S")]
    written = folder(tmp_path, deals=deals, stage_changes=history)
    reading = read_crm(written, zone="UTC", stages={"sales": way})
    assert any("2 deals begin in the stage that their first move" in x for x in reading.remarks)
    visits = reading.crm.visits
    assert list(zip(visits.row.tolist(), visits.stage.tolist(), strict=True)) == [
        (0, "WON"), (1, "NEW"), (1, "OFFER"), (1, "WON"), (2, "NEW")
    ]  # fmt: skip
    assert str(visits.entered[1]) == "2026-05-03T09:00:00"
    assert {one.kind: one.count for one in reading.crm.quality.issues} == {"history_gap": 1}


@pytest.mark.parametrize("record", ["", "Deal - "])
def test_an_export_of_pipedrive_becomes_a_history(tmp_path: Path, record: str) -> None:
    """The last move and the closing are known; what was before is said to be lost."""
    heads = "ID,Title,Stage,Pipeline,Status,Add time,Stage change time,Won time,Lost time,Value"
    text = (
        ",".join(record + one for one in heads.split(",")) + "\n"
        "1,A,Offer,Sales,won,2026-05-01 09:00,2026-05-04 09:00,2026-05-09 10:00,,500\n"
        "2,B,Visit,Sales,lost,2026-05-01 09:00,,,2026-05-03 12:00,70\n"
        "3,C,Offer,Sales,open,2026-05-02 09:00,2026-05-05 09:00,,,90\n"
        "4,D,Visit,Sales,open,2026-05-02 09:00,,,,40\n"
    )
    way: list[str | Stage] = [
        "Visit",
        "Offer",
        Stage("won", semantics="S"),
        Stage("lost", semantics="F"),
    ]
    written = folder(tmp_path, deals=text)
    reading = read_crm(written, zone="Europe/Moscow", stages={"Sales": way})
    assert any("the stages before, the times in them and returns" in x for x in reading.remarks)
    crm = reading.crm
    assert crm.outcomes.kind.tolist() == [1, 2, 0, 0]
    assert [str(one) for one in crm.outcomes.closed[:2]] == [
        "2026-05-09T07:00:00",
        "2026-05-03T09:00:00",
    ]
    rows = {row.stage: row for row in funnel(crm)["Sales"].stages}
    assert [rows[one].reached for one in ("Visit", "Offer", "won")] == [4, 2, 1]
    assert (rows["Visit"].lost_here, rows["Offer"].open_here) == (1, 1)
    assert {one.kind: one.count for one in crm.quality.issues}["history_gap"] == 2


def test_events_of_amocrm_become_a_history(tmp_path: Path) -> None:
    """Rows of other events are left out and counted; 142 and 143 are final in every pipeline."""
    deals = (
        "ID;Воронка;Дата создания;Этап сделки;Бюджет\n"
        "1;Продажи;01.05.2026 09:00;142;500\n2;Продажи;01.05.2026 09:00;143;70\n"
    )
    events = (
        "Дата;Автор;ID объекта;Событие;Значение до;Значение после\n"
        "01.05.2026 09:00;Анна;1;Изменение этапа;;Первичный контакт\n"
        "02.05.2026 09:00;Анна;1;Изменение бюджета;100;500\n"
        "03.05.2026 09:00;Анна;1;Изменение этапа;Первичный контакт;142\n"
        "01.05.2026 09:00;Борис;2;Изменение этапа;;Первичный контакт\n"
        "04.05.2026 09:00;Борис;2;lead_status_changed;Первичный контакт;143\n"
    )
    written = folder(tmp_path, deals=deals, stage_changes=events)
    reading = read_crm(written, zone="Europe/Moscow")
    assert any("1 row of the history changes no stage" in one for one in reading.remarks)
    crm = reading.crm
    assert crm.changes is not None
    assert crm.changes.stage.tolist()[1::2] == ["142", "143"]
    assert crm.outcomes.kind.tolist() == [1, 2]
    assert [row.reached for row in funnel(crm)["Продажи"].stages] == [2, 1]
    assert kinds_of(crm) == {"lost_with_amount"}


def kinds_of(crm: CrmData) -> set[str]:
    return {one.kind for one in crm.quality.issues}


def test_a_process_log_alone(tmp_path: Path) -> None:
    rows = ["case:concept:name,concept:name,time:timestamp", "1,A,2026-05-01T09:00:00Z"]
    log = "\n".join([*rows, "1,Won,2026-05-02T09:00:00Z", ""])
    (tmp_path / "log.csv").write_text(log, encoding="utf-8")
    reading = read_crm(tmp_path / "log.csv", zone="UTC")
    assert len(reading.crm.deals) == 1
    assert any("no table of deals" in one for one in reading.remarks)


def test_rows_without_their_moment_are_counted(tmp_path: Path) -> None:
    text = DEALS + "4,sales,,NEW,5,Anna,open\n"
    crm = read_crm(folder(tmp_path, deals=text), zone="UTC").crm
    assert len(crm.deals) == 3
    assert [(one.kind, one.count, one.examples) for one in crm.quality.issues] == [
        ("no_moment", 1, ("4",)),
        ("lost_with_amount", 1, ("3",)),
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"deals": "deal,created\n1,2026-05-01T00:00:00Z\n"}, "no column for stage"),
        ({"deals": DEALS.replace("+03:00", "")}, "without a zone"),
        ({"deals": DEALS.replace('"1 200,50"', "much")}, "'much', which is no number"),
        ({"deals": DEALS.replace("2026-05-02T10:00:00Z", "soon")}, "'soon', which is no moment"),
        ({"leads": "lead,created\n1,2026-05-01\n"}, "neither deals nor stage_changes"),
        ({"deals": DEALS, "stages": "funnel\nsales\n"}, "no column stage"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_crm(folder(tmp_path, **files))


def test_other_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_crm(tmp_path / "nothing")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no table of a CRM"):
        read_crm(tmp_path / "x.csv")
    folder(tmp_path, deals=DEALS)
    with pytest.raises(InputError, match="no column 'Boss' for owner"):
        read_crm(tmp_path, zone="UTC", columns={"deals": {"owner": "Boss"}})
    (tmp_path / "deals.txt").write_text(DEALS)
    with pytest.raises(InputError, match="holds the table deals twice"):
        read_crm(tmp_path, zone="UTC")


def test_names_of_stages_that_are_usual_headings_of_sales(tmp_path: Path) -> None:
    # "sales" and "customer" are usual headings, but this row is no heading.
    stages = "stage,funnel,semantics\nCUSTOMER,sales,P\nSALES,sales,S\nOFF,sales,F\n"
    deals = DEALS.replace("WON", "SALES").replace("NEW", "CUSTOMER")
    crm = read_crm(folder(tmp_path, deals=deals, stages=stages), zone="UTC").crm
    assert [one.id for one in crm.stages.order("sales")] == ["CUSTOMER", "SALES"]


def test_typed_columns_of_parquet_are_read_as_the_same_cells_of_csv(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    moments = np.array(["2026-05-01T06:00", "2026-05-02T10:00", "NaT"], "M8[s]")
    columns = {
        "activity": pa.array([1, 2, 3]),
        "kind": pa.array(["call", None, "call"]),
        "started": pa.array(moments, pa.timestamp("ms", "UTC")),
        "ended": pa.array(moments),
        "seconds": pa.array([60, None, 5]),
        "done": pa.array([True, None, False]),
        "deal": pa.array([1, None, 3]),
    }
    pq.write_table(pa.table(columns), tmp_path / "activities.parquet")
    folder(tmp_path, deals=DEALS)
    with pytest.raises(InputError, match="kind has no value"):
        read_crm(tmp_path, zone="Europe/Moscow")
    columns["kind"] = pa.array(["call", "letter", "call"])
    pq.write_table(pa.table(columns), tmp_path / "activities.parquet")
    typed = read_crm(tmp_path, zone="Europe/Moscow").crm
    (tmp_path / "activities.parquet").unlink()
    text = """activity,kind,started,ended,seconds,done,deal
1,call,2026-05-01T06:00:00Z,2026-05-01 06:00,60,true,1
2,letter,2026-05-02T10:00:00Z,2026-05-02 10:00,,,
3,call,,,5,no,3
"""
    read = read_crm(folder(tmp_path, activities=text), zone="Europe/Moscow").crm
    assert typed.activities is not None
    assert read.activities is not None
    assert typed.activities.activity.tolist() == [1, 2]
    assert typed.activities.deal is not None
    assert typed.activities.deal.tolist() == [1, -1]
    for name in ("kind", "started", "ended", "seconds", "done"):
        one, other = getattr(typed.activities, name), getattr(read.activities, name)
        assert str(one.tolist()) == str(other.tolist()), name
    assert typed.deal_of_activity.tolist() == read.deal_of_activity.tolist() == [0, -1]
    assert "activities" in typed.tables()


@pytest.mark.parametrize("heading", sorted(PERSONAL))
def test_attributes_of_persons_are_refused_by_name(heading: str) -> None:
    for written in (heading, heading.title(), heading.replace(" ", "_")):
        with pytest.raises(InputError, match=f"{re.escape(repr(written))} is an attribute of a"):
            check_attributes(["Источник", written], "deals.csv")


@pytest.mark.parametrize("role", ["source", "lost_reason", "campaign", "kind"])
def test_a_person_is_not_compared_by_an_attribute(tmp_path: Path, role: str) -> None:
    """A job may say which column is the source, but not that it is the sex of the contact."""
    file = tmp_path / "deals.csv"
    file.write_text("deal,stage,created,Пол,Менеджер ФИО,ФИО\n1,NEW,2026-05-04,ж,a,b\n", "utf-8")
    with pytest.raises(InputError, match=r"deals.csv: the column 'Пол' is an attribute"):
        read_crm(file, zone="UTC", columns={"deals": {role: "Пол"}})
    named = read_crm(file, zone="UTC", columns={"deals": {"owner": "ФИО"}}).crm
    assert named.category("owner").tolist() == ["b"]
    assert getattr(named.deals, role) is None
