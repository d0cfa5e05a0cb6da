"""Inspection of a file of sales: text, plain values, problems, the command line."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from abcxyz.cli import main
from abcxyz.errors import InputError
from abcxyz.tables import inspect
from abcxyz.tables.sales import read_sales

SALES = (
    "Организация;Контрагент;Дата;Сумма, руб.\n"
    "ООО Альфа;ООО Гранит;16.07.2025;9 525,00\n"
    "ООО Альфа;АО Полюс;27.12.2025;20 100,50\n"
    "ООО Альфа;;27.12.2025;5,00\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """File of sales in cp1251."""
    path = tmp_path / "sales.csv"
    path.write_bytes(SALES.encode("cp1251"))
    return path


def test_all_that_was_understood(file: Path) -> None:
    """Format, encoding, delimiter, columns, forms, first lines and quality agree with reading."""
    report = inspect(file)
    sales = read_sales(file)

    assert (report.format, report.encoding, report.delimiter) == ("csv", "cp1251", ";")
    assert {one.choice.role: one.choice.column for one in report.columns} == dict(sales.columns)
    assert report.columns[0].choice.runner_up == "Организация"
    assert [str(one.form) for one in report.columns] == [
        "",
        "day, month and year as numbers, in the order DMY",
        "numbers with the decimal mark ,",
    ]
    assert dict(report.lines[1]) == {
        "line": 3,
        "customer": "АО Полюс",
        "date": sales.last_day,
        "amount": 20100.5,
    }
    assert report.quality == sales.quality
    assert report.command == ("abcxyz", "classify", str(file), "--as-of", "2026-01-01")
    assert report.problem is None


def test_the_command_repeats_the_options(file: Path) -> None:
    """Options of the inspection are in the suggested command."""
    report = inspect(file, customer="Организация", sheet=None, rates={})

    assert report.columns[0].choice.column == "Организация"
    assert "--customer Организация" in shlex.join(report.command).replace("'", "")


def test_text_in_both_languages(file: Path) -> None:
    """Every sentence has a Russian twin."""
    english, russian = inspect(file).explain("en"), inspect(file).explain("ru")

    assert "--customer: Контрагент (usual heading); next is Организация" in english
    assert "Attention: 33% of the lines" in english
    assert "2: customer = ООО Гранит, date = 2025-07-16, amount = 9525.0" in english
    for sentence in ("кодировка cp1251", "обычный заголовок", "Внимание", "Первые строки"):
        assert sentence in russian


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("who;when;money\na;2026-01-05;5\n", "no column looks like customer, date, amount"),
        ("customer;date;amount\na;2026-01-05;1,234\n", "--decimal"),
        ("customer;date;amount\na;03/04/2026;5\n", "date format"),
        ("customer;date;amount\n7,7E+9;2026-01-05;5\n", "scientific notation"),
        ("customer;date;amount\na;soon;5\n", "see --date-format, and check"),
        ("customer;date;amount;amount\na;2026-01-05;5;6\n", "several columns named"),
    ],
)
def test_a_problem_is_part_of_the_report(tmp_path: Path, text: str, problem: str) -> None:
    """A table that cannot be classified is shown with the reason and the cure."""
    (tmp_path / "sales.csv").write_text(text)
    report = inspect(tmp_path / "sales.csv")

    assert problem in str(report.problem)
    assert report.headings == tuple(text.partition("\n")[0].split(";"))
    assert len(report.lines) == 1
    assert problem in report.explain("en")
    assert problem in report.to_dict()["problem"]


def test_sums_without_dates(tmp_path: Path) -> None:
    """A table that is classified by ABC alone has no problem, and no date that it lacks."""
    (tmp_path / "sums.csv").write_text("customer;revenue\nAnn;5\nBob;7\n")
    report = inspect(tmp_path / "sums.csv")

    assert report.problem is None
    assert report.headings == ("customer", "revenue")
    assert [one.choice.role for one in report.columns] == ["customer", "amount"]
    assert report.lines[0] == {"line": 2, "customer": "Ann", "amount": 5.0}
    assert (report.first_day, report.last_day) == (None, None)
    assert "XYZ needs the date of each sale" in report.explain("en")


def test_what_is_no_table_is_an_error(tmp_path: Path) -> None:
    """An absent file and one that is no table have nothing to be shown."""
    (tmp_path / "empty.csv").write_text("")
    for name in ("absent.csv", "empty.csv"):
        with pytest.raises(InputError):
            inspect(tmp_path / name)


def test_command(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the text, or the plain values; a problem is exit code 2."""
    assert main(["inspect", str(file)]) == 0
    assert capsys.readouterr().out == inspect(file).explain("en") + "\n"
    assert main(["inspect", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == inspect(file).to_dict()
    (tmp_path / "who.csv").write_text("who\x1b[31m;when\na;b\n")
    assert main(["inspect", str(tmp_path / "who.csv")]) == 2
    assert "\x1b" not in capsys.readouterr().out
