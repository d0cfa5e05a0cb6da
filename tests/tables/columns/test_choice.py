"""Choice of columns by headings and cells, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from abcxyz.errors import InputError
from abcxyz.i18n import translate
from abcxyz.tables.columns.choice import ColumnChoices, choose_by_cells
from abcxyz.tables.file_reading import check_cost
from abcxyz.tables.roles import candidates
from abcxyz.tables.sales import read_sales
from abcxyz.tables.table import Batch
from abcxyz.tables.values.columns import objects

DATES = ["05.01.2026", "06.01.2026", "07.01.2026"]


def choose(columns: Mapping[str, Sequence[object]], **named: str) -> ColumnChoices:
    """Choose the columns of a table of three lines."""
    rows = Batch.of({"Дата": DATES, "Сумма": ["5,5", "6", "7"], **columns})
    return choose_by_cells(rows.names, named, "sales.csv", rows)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"Организация": ["S", "S", "S"], "Контрагент": ["A", "B", "A"]}, "Контрагент"),
        ({"Организация": ["S", "T", "S"], "Плательщик": ["A", "B", "A"]}, "Плательщик"),
        ({"company": ["S", "S", "T"], "customer": ["A", "B", "A"]}, "customer"),
        ({"company": ["S", "S", "T"], "buyer": ["A", "B", "A"]}, "buyer"),
        ({"ИНН": ["7", "8", "7"], "Контрагент": ["A", "B", "A"]}, "ИНН"),
        ({"ИНН": ["7", "", "7"], "Контрагент": ["A", "B", "A"]}, "Контрагент"),
        ({"ИНН": ["7", "NULL", "7"], "Контрагент": ["A", "B", "A"]}, "Контрагент"),
        ({"ИНН": ["7", "7", "7"], "Контрагент": ["A", "B", "A"]}, "Контрагент"),
        ({"Организация": ["S", "S", "S"]}, "Организация"),
        ({"Customer Key": ["A", "B", "A"]}, "Customer Key"),
        ({"Клиент (название)": ["A", "B", "A"]}, "Клиент (название)"),
        ({"Клиент\nкод": ["A", "B", "A"]}, "Клиент\nкод"),
    ],
)
def test_the_buyer_is_the_customer(columns: dict[str, list[str]], expected: str) -> None:
    """The buyer is chosen, not the seller, and a full column, not an emptier one."""
    assert choose(columns).columns["customer"] == expected


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (["Сумма, руб."], ["Сумма, руб."]),
        (["Сумма\nруб."], ["Сумма\nруб."]),
        (["Сумма (тыс. руб.)"], ["Сумма (тыс. руб.)"]),
        (["Сумма\u00a0без НДС"], ["Сумма\u00a0без НДС"]),
        (["Сумма НДС", "Сумма скидки", "Скидка", "Количество"], []),
        (["Revenue, RUB", "Discount amount"], ["Revenue, RUB"]),
        (["NetAmount"], ["NetAmount"]),
        (["Сумма реализации без НДС, руб."], ["Сумма реализации без НДС, руб."]),
    ],
)
def test_headings_of_money(headings: list[str], expected: list[str]) -> None:
    """Units and words for the tax qualify a heading; discounts and the tax are not sales."""
    assert list(candidates(headings, "amount")) == expected


@pytest.mark.parametrize(
    ("pieces", "money"),
    [(["1", "2", "3"], ["95.5", "201", "11"]), (["1", "2", "3"], ["9500", "20100", "1100"])],
)
@pytest.mark.parametrize(("first", "second"), [("amount", "revenue"), ("amount", "total")])
def test_money_and_not_pieces(
    pieces: list[str], money: list[str], first: str, second: str
) -> None:
    """Beside money a column of small whole numbers is a number of pieces, whatever its name."""
    rows = Batch.of({"customer": ["A", "B", "A"], "date": DATES, first: pieces, second: money})
    assert choose_by_cells(rows.names, {}, "f", rows).columns["amount"] == second


def test_the_reason_and_the_runner_up() -> None:
    """The choice is a sentence in both languages; a doubtful one is a notice too."""
    choices = choose({"ИНН": ["7", "", "7"], "Контрагент": ["A", "B", "A"]})
    customer = choices.remarks[0]

    assert customer == (
        "--customer: Контрагент (usual heading); next is ИНН (empty in 33% of the lines)"
    )
    assert translate(customer, "ru").replace("\N{NO-BREAK SPACE}", " ") == (
        "--customer: Контрагент (обычный заголовок); следующая — ИНН (пуста в 33 % строк)"
    )
    assert choices.notices == []
    doubtful = choose({"company": ["S", "S", "T"], "customer": ["A", "B", "A"]}).notices
    expected = (
        "customer was read for --customer, but company could be it too; name the right one with "
        "--customer"
    )
    assert doubtful == [expected]
    named = choose({"company": ["S", "S", "T"], "customer": ["A", "B", "A"]}, customer="company")
    assert (named.remarks[0], named.notices) == ("--customer: company (named by the option)", [])


@pytest.mark.parametrize("second", ["amount", "Amount", "AMOUNT ", "_amount_"])
def test_equal_headings_are_refused(second: str) -> None:
    """Two columns with the heading of a role are refused, unless one of them is named."""
    names = ["customer", "date", "amount", second]
    cells = [objects([one]) for one in ("A", DATES[0], 1, 2)]
    rows = Batch(names, cells, np.array([2]))
    with pytest.raises(InputError, match="several columns named 'amount'"):
        choose_by_cells(names, {}, "sales.csv", rows)
    if second != "amount":
        named = choose_by_cells(names, {"amount": second}, "sales.csv", rows)
        assert named.columns["amount"] == second


def written(folder: Path, *lines: str) -> Path:
    """Write a CSV of sales."""
    file = folder / "sales.csv"
    file.write_text("\n".join(["customer;date;amount", *lines]) + "\n", encoding="utf-8")
    return file


def test_notice_of_lines_left_out(tmp_path: Path) -> None:
    """Where over 5 % of the lines or of the money are left out, the result begins with it."""
    lines = [f"K{line % 5};2026-01-05;10" for line in range(60)]
    few = read_sales(written(tmp_path, *lines, "NULL;2026-01-05;1")).quality
    much = read_sales(written(tmp_path, *lines, "NULL;2026-01-05;900")).quality
    several = read_sales(written(tmp_path, *lines, *["K1;2026-01-05;x"] * 5)).quality

    assert few.notices == ()
    assert " ".join(much.notices) == (
        "2% of the lines and 60% of the money are left out; most are lines without a customer "
        "(line 62: NULL); see --customer"
    )
    assert " ".join(several.notices) == (
        "8% of the lines are left out; most are unreadable amounts "
        "(line 62: x; line 63: x; line 64: x); see --decimal"
    )


def test_apostrophes_around_cells_are_shown(tmp_path: Path) -> None:
    """A file whose cells stand in apostrophes is refused, and the error shows them."""
    path = tmp_path / "sales.csv"
    path.write_text("'customer';'date';'amount'\n'K03';'16.07.2025';9525.00\n", "utf-8")
    with pytest.raises(InputError, match=r"'16\.07\.2025'"):
        read_sales(path)


def test_notice_of_one_customer(tmp_path: Path) -> None:
    """One customer in all lines is remarkable, in one or two lines it is not."""
    three = read_sales(written(tmp_path, *["A;2026-01-05;10"] * 3)).quality
    two = read_sales(written(tmp_path, *["A;2026-01-05;10"] * 2)).quality

    assert "all lines are of one customer" in three.notices[0]
    assert two.notices == ()


TOTALS = [
    *("Итого", "ИТОГО:", "Всего", "Total", "Grand total", "Subtotal", "Итого за май"),
    *("Общий итог", "Total for May"),
]


@pytest.mark.parametrize(
    "row",
    [
        *(f"{total};2026-01-31;30" for total in [*TOTALS, "A Total", "A Итог", "Total A"]),
        *(f";{total};30" for total in TOTALS),
    ],
)
def test_total_rows(tmp_path: Path, row: str) -> None:
    """Totals and subtotals are counted and no sales, in any column; a company is one."""
    sales = read_sales(written(tmp_path, "A;2026-01-05;10", row, "Total Energies;2026-01-06;20"))

    assert sales.transactions.customer.tolist() == ["A", "Total Energies"]
    (issue,) = sales.quality.issues
    assert (issue.kind, issue.count, issue.amount) == ("total_row", 1, 30.0)
    assert sales.quality.notices == ()


def test_spellings_are_counted(tmp_path: Path) -> None:
    """Lines of a customer spelled otherwise are counted once each."""
    lines = ["17850;2026-01-05;1", "17850.0;2026-01-05;2", " 17850;2026-01-05;3", "9;2026-01-05;4"]
    sales = read_sales(written(tmp_path, *lines))

    assert sales.transactions.customer.tolist() == ["17850"] * 3 + ["9"]
    assert [(one.kind, one.count, one.treatment) for one in sales.quality.issues] == [
        ("respelled", 2, "joined")
    ]


def test_a_zero_has_the_currency_of_the_others(tmp_path: Path) -> None:
    """A zero without a sign is in no second currency; another amount without one is."""
    sales = read_sales(written(tmp_path, "A;2026-01-05;5 ₸", "B;2026-01-05;0"))
    assert len(sales.transactions) == 2
    chosen = read_sales(written(tmp_path, "A;2026-01-05;5 ₸", "B;2026-01-05;0"), currency="KZT")
    assert len(chosen.transactions) == 2
    with pytest.raises(InputError, match="mixes 2 currencies"):
        read_sales(written(tmp_path, "A;2026-01-05;5 ₸", "B;2026-01-05;7"))
    with pytest.raises(InputError, match="no line in JPY"):
        read_sales(written(tmp_path, "A;2026-01-05;5 ₸", "B;2026-01-05;0"), currency="JPY")


OPEN_COST = "Клиент;Дата;Сумма;Себестоимость\nА;25.01.2025;12,50;1,234\nБ;26.01.2025;7,10;2,345\n"


def test_cost_with_an_open_decimal_mark(tmp_path: Path) -> None:
    """A cost that nobody asked for is left out, and told; a named one is asked about."""
    path = tmp_path / "sales.csv"
    path.write_text(OPEN_COST, encoding="utf-8")
    sales = read_sales(path)
    assert sales.transactions.amount.tolist() == [12.5, 7.1]
    assert "cost" not in sales.columns
    assert sales.transactions.cost is None
    assert any("is not read for --cost" in remark for remark in sales.quality.remarks)
    cost = read_sales(path, decimal=",").transactions.cost
    assert cost is not None
    assert cost.tolist() == [1.234, 2.345]
    with pytest.raises(InputError, match="--decimal"):
        read_sales(path, cost="Себестоимость")
    with pytest.raises(InputError, match="name its column with --cost"):
        check_cost("profit", sales.columns)


def test_amounts_of_two_currencies_in_two_columns(tmp_path: Path) -> None:
    """A column with a currency in its heading is money, however small: the other one is told."""
    path = tmp_path / "sales.csv"
    path.write_text("Client;Date;Amount USD;Amount RUB\nA;2025-01-25;1;90\nB;2025-01-26;2;180\n")
    (notice,) = read_sales(path).quality.notices
    assert "Amount RUB could be it too" in notice
