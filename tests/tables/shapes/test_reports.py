"""Reports with groups, totals and sheets of months: read right, or refused."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.tables import ledger

from abcxyz import Settings
from abcxyz.errors import InputError
from abcxyz.tables.analyze_file import analyze_file
from abcxyz.tables.sales import Sales, read_sales

AS_OF = date(2025, 4, 1)
DOC = "Реализация товаров и услуг УТ-{} от {} 12:00:00"
READ = {("Луч", "2025-01"): 100.0, ("Луч", "2025-02"): 200.0, ("Мир", "2025-02"): 50.0}


def _sums(sales: Sales) -> dict[tuple[str, str], float]:
    made: defaultdict[tuple[str, str], float] = defaultdict(float)
    facts = sales.transactions
    for who, day, amount in zip(facts.customer, facts.day, facts.amount, strict=True):
        name = str(who).removeprefix("ООО ").removeprefix("АО ")
        made[name, str(day.astype("M8[M]"))] += float(amount)
    return dict(made)


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _values(path: Path, **options: Any) -> dict[str, float]:
    """Return customer to value of a table without dates."""
    analysis = analyze_file(path, as_of=AS_OF, settings=Settings(), **options)
    snapshot = analysis.snapshot
    return dict(zip(snapshot.customers.tolist(), snapshot.value.tolist(), strict=True))


def _report(*lines: tuple[str, float], heading: str = "Контрагент") -> str:
    return "\n".join([f"{heading};Выручка", *(f"{name};{value}" for name, value in lines), ""])


ONE, TWO, THREE = (
    DOC.format(place, day)
    for place, day in enumerate(("05.01.2025", "06.02.2025", "07.02.2025"), 1)
)
REPORTS = {
    "months below customers": _report(
        *(("Луч", 300), ("Январь 2025 г.", 100), ("Февраль 2025 г.", 200)),
        *(("Мир", 50), ("Февраль 2025 г.", 50), ("Итого", 350)),
    ),
    "customers below months": _report(
        *(("Январь 2025 г.", 100), ("Луч", 100), ("Февраль 2025 г.", 250), ("Луч", 200)),
        *(("Мир", 50), ("Итого", 350)),
        heading="Период",
    ),
    "months below years": _report(
        *(("Луч", 300), ("2025 г.", 300), ("Январь 2025", 100), ("Февраль 2025", 200)),
        *(("Мир", 50), ("2025 г.", 50), ("Февраль 2025", 50)),
    ),
    "customers below months below quarters": _report(
        *(("1 квартал 2025 г.", 350), ("Январь 2025 г.", 100), ("Луч", 100)),
        *(("Февраль 2025 г.", 250), ("Луч", 200), ("Мир", 50)),
        heading="Период",
    ),
    "documents below customers below managers": _report(
        *(("Иванов", 300), ("Луч", 300), (ONE, 100), (TWO, 200)),
        *(("Петров", 50), ("Мир", 50), (THREE, 50), ("Итого", 350)),
        heading="Менеджер / Контрагент",
    ),
    "goods below documents": _report(
        *(("Луч", 300), (ONE, 100), ("Молоко", 60), ("Сыр", 40), (TWO, 200), ("Сыр", 200)),
        *(("Мир", 50), (THREE, 50), ("Молоко", 50), ("Итого", 350)),
    ),
    "goods below months": _report(
        *(("ООО Луч", 300), ("Январь 2025", 100), ("Молоко", 60), ("Сыр", 40)),
        *(("Февраль 2025", 200), ("Сыр", 200), ("АО Мир", 50), ("Февраль 2025", 50)),
        ("Молоко", 50),
    ),
    "days below customers": _report(
        *(("Луч", 300), ("01.01.2025", 100), ("06.02.2025", 200), ("Мир", 50)),
        ("07.02.2025", 50),
    ),
    "documents beside the customer": (
        'Продажи;;\nОтбор:;Организация Равно "Мы";\n;;\nКонтрагент;Регистратор;Выручка, руб.\n'
        f"Луч;;300,00\n;{ONE};100,00\n;{TWO};200,00\nМир;;50,00\n;{THREE};50,00\nИтого;;350,00\n"
    ),
    "groups of customers over months": (
        "Контрагент;Январь 2025 г.;Февраль 2025 г.;Итого\nОптовые;100;250;350\n"
        "ООО Луч;100;200;300\nАО Мир;;50;50\nИтого;100;250;350\n"
    ),
}


@pytest.mark.parametrize("name", REPORTS)
def test_nested_report(name: str, tmp_path: Path) -> None:
    """The innermost lines of each nesting are the sales, of the customer above or beside."""
    assert _sums(read_sales(_write(tmp_path / "a.csv", REPORTS[name]))) == READ


@pytest.mark.parametrize("name", [name for name in REPORTS if "beside" not in name])
def test_nested_report_with_another_sum(name: str, tmp_path: Path) -> None:
    """A sum of any level that is not that of the lines below is refused or shown at the top."""
    lines = REPORTS[name].splitlines()
    wrong = [*lines]
    wrong[1] = ";".join([*wrong[1].split(";")[:-1], "999"])
    try:
        sales = read_sales(_write(tmp_path / "a.csv", "\n".join(wrong)))
    except InputError:
        return
    assert "over months" in name  # there the column of totals is not read
    assert _sums(sales) == READ


def test_customers_that_may_be_managers(tmp_path: Path) -> None:
    """Two levels of names below months are refused if either may be the customers."""
    text = _report(
        *(("Январь 2025", 100), ("Иванов", 100), ("Луч", 100)),
        *(("Февраль 2025", 50), ("Иванов", 50), ("Мир", 20), ("Лис", 30)),
        heading="Период",
    )
    with pytest.raises(InputError, match="both 'Иванов' and 'Луч' below it may be customers"):
        read_sales(_write(tmp_path / "a.csv", text))
    goods = text.replace("Период", "Номенклатура")
    with pytest.raises(InputError, match="no column looks like customer"):
        read_sales(_write(tmp_path / "a.csv", goods))


@pytest.mark.filterwarnings("ignore:the table has no dates")
def test_groups_without_dates(tmp_path: Path) -> None:
    """Sums of groups are no customers: companies are read, anything else is refused."""
    lines = [("ООО Луч", 300), ("Молоко", 100), ("Сыр", 200), ("АО Мир", 50), ("Молоко", 50)]
    path = _write(tmp_path / "a.csv", _report(*lines))
    assert _values(path) == {"ООО Луч": 300.0, "АО Мир": 50.0}
    assert sum(_values(path, fill_down=["no"]).values()) == 700.0
    bare = [(name.split()[-1], value) for name, value in lines]
    with pytest.raises(InputError, match="'Луч' is the sum of the lines below it"):
        _values(_write(path, _report(*bare)))
    managers = [("Иванов", 350), *bare, ("Итого", 350)]
    with pytest.raises(InputError, match=r"3 times the total rows \(350\.0\)"):
        _values(_write(path, _report(*managers)))
    # Small numbers add up by chance.
    small = [("A", 5), ("B", 3), ("C", 2), ("D", 1), ("E", 1)]
    assert _values(_write(path, _report(*small))) == {name: float(value) for name, value in small}


def test_total_row_that_is_another_sum(tmp_path: Path) -> None:
    """A total that the lines do not add up to is shown at the top."""
    path = tmp_path / "a.csv"
    head = "Клиент;Дата;Сумма\nА;05.01.2025;10\nБ;06.01.2025;20\nИтого;;"
    assert not read_sales(_write(path, f"{head}30\n")).quality.notices
    (notice,) = read_sales(_write(path, f"{head}40\n")).quality.notices
    assert "the lines add up to 30" in notice
    assert "the total row to 40" in notice
    with pytest.raises(InputError, match="2 times the total rows"):
        read_sales(_write(path, f"{head}15\n"))


@pytest.mark.parametrize(
    ("heading", "total"), [("Товар", "Итого"), ("Регион", "Юг итого"), ("Товар", "Grand total")]
)
def test_total_row_in_another_column(heading: str, total: str, tmp_path: Path) -> None:
    """A subtotal that repeats customer and date, or lets them be filled, is no sale."""
    rows = ["Юг;А;25.01.2025;1", "Юг;А;25.01.2025;2", f"{total};А;25.01.2025;3"]
    text = "\n".join([f"{heading};Клиент;Дата;Сумма", *rows, "Юг;Б;26.01.2025;7", ""])
    sales = read_sales(_write(tmp_path / "a.csv", text))
    assert _sums(sales) == {("А", "2025-01"): 3.0, ("Б", "2025-01"): 7.0}
    (issue,) = [one for one in sales.quality.issues if one.kind == "total_row"]
    assert issue.examples == (f"line 4: {total}",)
    brand = text.replace(total, "Total")  # of engine oil
    assert read_sales(_write(tmp_path / "a.csv", brand)).quality.used == 4


SHEETS = {"Январь": [["Луч", 100.0]], "Февраль": [["Луч", 200.0], ["Мир", 50.0]]}


@pytest.mark.parametrize("year", ["in the sheets", "in the file"])
def test_sheets_of_months_without_dates(year: str, tmp_path: Path) -> None:
    """Sheets named after months date their lines, and a sheet of the year is not added."""
    heading = ["Контрагент", "Сумма"]
    end = " 2025" if year == "in the sheets" else ""
    sheets: dict[str, list[list[Any]]] = {
        f"{name}{end}": [heading, *rows] for name, rows in SHEETS.items()
    }
    sheets["Год"] = [heading, ["Луч", 300.0], ["Мир", 50.0]]
    name = "Продажи.xlsx" if end else "Продажи 2025.xlsx"
    sales = read_sales(ledger.write_xlsx(tmp_path / name, sheets))
    assert _sums(sales) == READ
    assert any("not read are the sheets Год" in remark for remark in sales.quality.remarks)


def test_files_of_months_without_dates(tmp_path: Path) -> None:
    """Files named after months date their lines."""
    _write(tmp_path / "2025-01.csv", "Client;Amount\nЛуч;100\n")
    _write(tmp_path / "2025-02.csv", "Client;Amount\nЛуч;200\nМир;50\n")
    assert _sums(read_sales(tmp_path)) == READ


def test_sheets_with_more_columns_and_copies(tmp_path: Path) -> None:
    """A note in one sheet does not exclude it, and a copy of a sheet is read once."""
    one: list[list[Any]] = [["Контрагент", "Дата", "Сумма"], ["Луч", date(2025, 1, 5), 100.0]]
    two: list[list[Any]] = [
        ["Контрагент", "Дата", "Сумма", "Примечание"],
        ["Луч", date(2025, 2, 6), 200.0, "x"],
        ["Мир", date(2025, 2, 7), 50.0, None],
    ]
    path = ledger.write_xlsx(tmp_path / "a.xlsx", {"1": one, "2": two, "1 (2)": one})
    sales = read_sales(path)
    assert _sums(sales) == READ
    assert any("1 (2) is a copy of" in remark for remark in sales.quality.remarks)
    # A column that changes the meaning of the amounts is no note.
    two[0][3] = "Валюта"
    path = ledger.write_xlsx(tmp_path / "a.xlsx", {"1": one, "2": two})
    with pytest.raises(InputError, match="has other columns"):
        read_sales(path, sheet="all")


def test_copies_of_files(tmp_path: Path) -> None:
    """A file of a folder that has the bytes of another is read once."""
    for name in ("sales.csv", "sales (1).csv"):
        _write(tmp_path / name, "Client;Date;Amount\nЛуч;2025-01-05;100\nМир;2025-02-06;50\n")
    assert read_sales(tmp_path).quality.used == 2
