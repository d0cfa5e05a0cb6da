"""Files of a CRM: exports of several programs, moments, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
    assert any("1 rows of the history change no stage" in one for one in reading.remarks)
    assert reading.crm.changes is not None
    assert reading.crm.changes.stage.tolist() == ["WON"]


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
