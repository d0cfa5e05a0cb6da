"""Shapes of tables: the same ledger is read from every shape, and the shape is told."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.tables import ledger

from abcxyz.errors import InputError
from abcxyz.tables.sales import Sales, read_sales

Rows = list[list[Any]]
PERIODS = [date(2025, month, 1) for month in range(1, 13)]


def _wide(heading: Callable[[date], Any], *, total: bool = True) -> Rows:
    """Write one column per month."""
    cells = ledger.expected()
    rows: Rows = [["Контрагент", *map(heading, PERIODS), *(["Итого"] if total else [])]]
    for who in ledger.customers():
        values = [cells.get((who, f"{period:%Y-%m}")) for period in PERIODS]
        rows.append([who, *values, *([sum(filter(None, values))] if total else [])])
    if total:
        sums = [sum(row[place] or 0 for row in rows[1:]) for place in range(1, 14)]
        rows.append(["Итого", *sums])
    return rows


def _ru(period: date) -> str:
    return ledger.MONTHS[period.month - 1]


WIDE: dict[str, Callable[[date], Any]] = {
    "Январь 2025": lambda one: f"{_ru(one)} {one.year}",
    "январь 2025 г.": lambda one: f"{_ru(one).lower()} {one.year} г.",
    "янв.25": lambda one: f"{_ru(one)[:3].lower()}.{one:%y}",
    "Jan-25": lambda one: f"{one:%b-%y}",
    "January 2025": lambda one: f"{one:%B %Y}",
    "2025-01": lambda one: f"{one:%Y-%m}",
    "01.2025": lambda one: f"{one:%m.%Y}",
    "01.01.2025": lambda one: f"{one:%d.%m.%Y}",
    "2025-01-01": lambda one: f"{one:%Y-%m-%d}",
    "Выручка Январь 2025": lambda one: f"Выручка {_ru(one)} {one.year}",
    "Сумма, янв 2025": lambda one: f"Сумма {_ru(one)[:3]} {one.year}",
}


@pytest.mark.parametrize("kind", WIDE)
def test_one_column_per_month(kind: str, tmp_path: Path) -> None:
    """A column per month is read as sales of that month; the total row and column are not."""
    sales = read_sales(ledger.write_csv(tmp_path / "wide.csv", _wide(WIDE[kind])))
    assert ledger.sums(sales) == ledger.expected()
    assert any("12 columns are periods" in remark for remark in sales.quality.remarks)
    book = ledger.write_xlsx(tmp_path / "wide.xlsx", {"S": _wide(WIDE[kind], total=False)})
    assert ledger.sums(read_sales(book)) == ledger.expected()


def test_months_as_dates_of_a_workbook(tmp_path: Path) -> None:
    """Headings that are cells with dates are months as well."""
    book = ledger.write_xlsx(tmp_path / "wide.xlsx", {"S": _wide(lambda one: one)})
    assert ledger.sums(read_sales(book)) == ledger.expected()


def test_months_without_a_year(tmp_path: Path) -> None:
    """The year comes from a title line or the file's name; without one it is asked for."""
    rows = _wide(_ru)
    titled = [["Продажи за 2025 год"], *rows]
    assert ledger.sums(read_sales(ledger.write_csv(tmp_path / "a.csv", titled))) == (
        ledger.expected()
    )
    named = ledger.write_csv(tmp_path / "sales-2025.csv", rows)
    assert ledger.sums(read_sales(named)) == ledger.expected()
    with pytest.raises(InputError, match="months without a year"):
        read_sales(ledger.write_csv(tmp_path / "b.csv", rows))


def _measures(tmp_path: Path, *, merged: bool) -> Path:
    """Write a report of 1C: months over quantity and revenue, title above, total below."""
    cells = ledger.expected()
    rows: Rows = [
        [],
        ["Валовая прибыль предприятия (RUB)"],
        ["Параметры:", None, "Период: 01.01.2025 - 31.12.2025"],
        ["Контрагент", None, *[text for one in PERIODS for text in (f"{_ru(one)} 2025 г.", None)]],
        [None, None, *["Количество", "Выручка"] * 12],
    ]
    for who in ledger.customers():
        values = [cells.get((who, f"{period:%Y-%m}")) for period in PERIODS]
        rows.append([who, None, *[part for one in values for part in (one and 1, one)]])
    spans = [f"{_letters(3 + 2 * one)}4:{_letters(4 + 2 * one)}4" for one in range(12)]
    return ledger.write_xlsx(tmp_path / "b.xlsx", {"Лист_1": rows}, spans if merged else [])


def _letters(place: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(place))


@pytest.mark.parametrize("merged", [True, False])
def test_months_over_measures(merged: bool, tmp_path: Path) -> None:
    """Two rows of heading, months over quantity and revenue: the revenue is read."""
    sales = read_sales(_measures(tmp_path, merged=merged))
    assert ledger.sums(sales) == ledger.expected()
    remarks = " ".join(sales.quality.remarks)
    assert "'Выручка' is read" in remarks
    assert "2 rows" in remarks
    pieces = read_sales(_measures(tmp_path, merged=merged), amount="Количество")
    assert set(pieces.transactions.amount.tolist()) == {1.0}


def test_melt_names_the_columns(tmp_path: Path) -> None:
    """The option names the columns of periods, or leaves them all."""
    path = ledger.write_csv(tmp_path / "wide.csv", _wide(WIDE["2025-01"]))
    part = read_sales(path, melt=["2025-01:2025-03", "2025-12"])
    kept = {key: value for key, value in ledger.expected().items() if key[1][5:] != "07"}
    assert ledger.sums(part) == kept
    with pytest.raises(InputError, match="no column looks like date"):
        read_sales(path, melt=["no"])
    with pytest.raises(InputError, match="names no period"):
        read_sales(path, melt=["Итого"])
    with pytest.raises(InputError, match="has no column '2026-01'"):
        read_sales(path, melt=["2026-01"])


@pytest.mark.parametrize(
    "month",
    [
        lambda day: day.month,
        lambda day: f"{day:%m}",
        lambda day: ledger.MONTHS[day.month - 1],
        lambda day: f"{day:%b}",
        lambda day: f"{day:%m} - {day:%B}",
    ],
)
def test_year_and_month_in_columns(month: Callable[[date], Any], tmp_path: Path) -> None:
    """Year and month in two columns are one date."""
    rows: Rows = [["Клиент", "Год", "Месяц", "Сумма"]]
    rows += [[who, day.year, month(day), amount] for who, day, amount, _ in ledger.LEDGER]
    for path in (
        ledger.write_csv(tmp_path / "a.csv", rows),
        ledger.write_xlsx(tmp_path / "a.xlsx", {"S": rows}),
    ):
        sales = read_sales(path)
        assert ledger.sums(sales) == ledger.expected()
        assert any("Год, Месяц" in remark for remark in sales.quality.remarks)


def test_quantity_times_price(tmp_path: Path) -> None:
    """Without amounts a quantity and a price are multiplied, exactly to the kopeck."""
    rows: Rows = [["Invoice", "InvoiceDate", "Customer ID", "Quantity", "Price"]]
    rows += [
        [number, f"{day}", who, 4 if amount > 0 else -4, abs(amount) / 4]
        for who, day, amount, number in ledger.LEDGER
    ]
    path = ledger.write_xlsx(tmp_path / "a.xlsx", {"S": rows})
    sales = read_sales(path)
    assert ledger.sums(sales) == ledger.expected()
    assert any("'Quantity' times 'Price'" in remark for remark in sales.quality.remarks)
    text = "Client;Date;Qty;Unit price\nAnn;2025-01-05;3;0,10\nBob;2025-01-05;x;5\n"
    (tmp_path / "b.csv").write_text(text)
    sales = read_sales(tmp_path / "b.csv")
    assert sales.transactions.amount.tolist() == [0.3]
    (issue,) = [one for one in sales.quality.issues if one.kind == "unreadable_amount"]
    assert "x" in issue.examples[0]


def _grouped() -> Rows:
    """Sort the ledger by customer, and give each customer once."""
    rows: Rows = [list(ledger.HEADING)]
    for who in ledger.customers():
        lines = [one for one in ledger.LEDGER if one[0] == who]
        for place, (_, day, amount, number) in enumerate(lines):
            rows.append([who if place == 0 else None, day, amount, number])
    return rows


def test_customer_on_the_first_line_of_a_group(tmp_path: Path) -> None:
    """A customer given once per group is filled down, and it is told."""
    sales = read_sales(ledger.write_csv(tmp_path / "a.csv", _grouped()))
    assert ledger.sums(sales) == ledger.expected()
    assert any("filled down" in remark for remark in sales.quality.remarks)
    alone = read_sales(tmp_path / "a.csv", fill_down=["no"])
    assert len(alone.transactions) == len(ledger.customers())


def test_merged_customers(tmp_path: Path) -> None:
    """Merged cells hold their value in every row."""
    rows = _grouped()
    starts = [place for place, row in enumerate(rows, 1) if row[0] and place > 1]
    ends = [*(start - 1 for start in starts[1:]), len(rows)]
    spans = [f"A{one}:A{other}" for one, other in zip(starts, ends, strict=True) if one < other]
    book = ledger.write_xlsx(tmp_path / "a.xlsx", {"S": rows}, spans)
    sales = read_sales(book)
    assert ledger.sums(sales) == ledger.expected()
    assert any("merged cells" in remark for remark in sales.quality.remarks)


def test_customer_and_date_on_the_first_line_of_a_document(tmp_path: Path) -> None:
    """Customer, date and document given once per document are filled down together."""
    rows: Rows = [["Контрагент", "Дата", "Документ", "Товар", "Сумма"]]
    for place, (who, day, amount, number) in enumerate(ledger.LEDGER):
        rows.append([f"{who} {place}", day, number, "хлеб", round(amount - 100, 2)])
        rows.append([None, None, None, "соль", 100.0])
    sales = read_sales(ledger.write_csv(tmp_path / "a.csv", rows))
    assert len(sales.transactions) == 2 * len(ledger.LEDGER)
    assert len({*zip(sales.transactions.customer, sales.transactions.day, strict=True)}) == len(
        ledger.LEDGER
    )


def test_missing_customers_are_not_filled(tmp_path: Path) -> None:
    """Sales without a customer among others are left out, not given to the customer above."""
    draw = random.Random(3)
    rows: Rows = [list(ledger.HEADING)]
    for place in range(200):
        who = None if place and draw.random() < 0.3 else f"К{draw.randrange(40)}"
        rows.append([who, date(2025, 1 + place // 20, 1 + place % 20), 5.0, f"Р{place}"])
    sales = read_sales(ledger.write_csv(tmp_path / "a.csv", rows))
    assert len(sales.transactions) == sum(row[0] is not None for row in rows[1:])
    # Each customer once, in the order of the days: nothing says that they are groups.
    once: Rows = [row if row[0] is None else [f"К{at}", *row[1:]] for at, row in enumerate(rows)]
    sales = read_sales(ledger.write_csv(tmp_path / "b.csv", [rows[0], *once[1:]]))
    assert len(sales.transactions) == sum(row[0] is not None for row in rows[1:])


def _with_heads(share: float = 1.0) -> Rows:
    rows: Rows = [list(ledger.HEADING)]
    for who in ledger.customers():
        lines = [one for one in ledger.LEDGER if one[0] == who]
        rows.append([who, None, round(share * sum(one[2] for one in lines), 2), None])
        rows.extend([None, day, amount, number] for _, day, amount, number in lines)
    return rows


def test_customer_on_the_line_of_the_subtotal(tmp_path: Path) -> None:
    """Lines with a customer and the sum of the lines below are groups, not sales."""
    sales = read_sales(ledger.write_csv(tmp_path / "a.csv", _with_heads()))
    assert ledger.sums(sales) == ledger.expected()
    assert any("subtotals" in remark for remark in sales.quality.remarks)
    with pytest.raises(InputError, match=r"line 2 .* add up to"):
        read_sales(ledger.write_csv(tmp_path / "a.csv", _with_heads(0.9)))


def _months_of(lines: Iterable[tuple[str, date, float, str]]) -> dict[date, float]:
    found: defaultdict[date, float] = defaultdict(float)
    for _, day, amount, _ in lines:
        found[day.replace(day=1)] += amount
    return dict(found)


def _report(kind: str) -> Rows:
    """Write a report of 1C with groups in its first column."""
    rows: Rows = [["Продажи за 2025 год"], [], ["Контрагент", None, "Выручка"]]
    total = sum(one[2] for one in ledger.LEDGER)
    if kind == "names below periods":
        for period in PERIODS:
            lines = [one for one in ledger.LEDGER if one[1].month == period.month]
            if not lines:
                continue
            rows.append([f"{_ru(period)} 2025 г.", None, round(sum(one[2] for one in lines), 2)])
            for who in dict.fromkeys(one[0] for one in lines):
                rows.append([who, None, round(sum(o[2] for o in lines if o[0] == who), 2)])
    else:
        for who in ledger.customers():
            lines = [one for one in ledger.LEDGER if one[0] == who]
            rows.append([who, None, round(sum(one[2] for one in lines), 2)])
            if kind == "documents":
                rows.extend(
                    [f"Реализация товаров {number} от {day:%d.%m.%Y} 12:00:00", None, amount]
                    for _, day, amount, number in lines
                )
            else:
                rows.extend(
                    [f"{_ru(month)} 2025 г.", None, round(amount, 2)]
                    for month, amount in _months_of(lines).items()
                )
    return [*rows, ["Итого", None, round(total, 2)], [], ["Ответственный ______"]]


@pytest.mark.parametrize("kind", ["periods", "documents", "names below periods"])
def test_report_with_groups_in_one_column(kind: str, tmp_path: Path) -> None:
    """Customers, periods and documents in one column: the innermost lines are the sales."""
    for path in (
        ledger.write_xlsx(tmp_path / "a.xlsx", {"TDSheet": _report(kind)}),
        ledger.write_csv(tmp_path / "a.csv", _report(kind)),
    ):
        sales = read_sales(path)
        assert ledger.sums(sales) == ledger.expected()
        assert any("holds groups" in remark for remark in sales.quality.remarks)


def test_report_whose_groups_do_not_add_up(tmp_path: Path) -> None:
    """A report whose lines are not those of the group above is refused with the group."""
    rows = _report("periods")
    rows[4][2] += 10
    with pytest.raises(InputError, match="add up to"):
        read_sales(ledger.write_csv(tmp_path / "a.csv", rows))


HEADS: dict[str, Rows] = {
    "one title line": [["Отчет по продажам за 2025 год"]],
    "blank lines": [["   "], [], [None, None]],
    "report of 1C": [
        [],
        ["Валовая прибыль"],
        ["Параметры:", None, "Период: 01.01.2025 - 31.12.2025"],
        ["Отбор:", None, 'Контрагент В группе из списка "Покупатели"'],
        [],
    ],
    "key and value": [["Date:", "2025-12-31"], ["Currency:", "RUB"], ["Rows:", "19"]],
}


@pytest.mark.parametrize("kind", HEADS)
def test_lines_above_the_heading(kind: str, tmp_path: Path) -> None:
    """Lines of title are passed over, in CSV and in workbooks."""
    rows = [*HEADS[kind], *ledger.plain_rows()]
    width = max(map(len, rows))
    even = [[*row, *[None] * (width - len(row))] for row in rows]
    for path in (
        ledger.write_csv(tmp_path / "a.csv", rows),
        ledger.write_csv(tmp_path / "b.csv", even),
        ledger.write_xlsx(tmp_path / "a.xlsx", {"S": rows}),
    ):
        assert ledger.sums(read_sales(path)) == ledger.expected()
    skipped = read_sales(tmp_path / "a.csv", skip_rows=len(HEADS[kind]))
    assert ledger.sums(skipped) == ledger.expected()


def test_two_rows_of_heading(tmp_path: Path) -> None:
    """Names below a merged name are joined to it; the number of rows may be set."""
    rows: Rows = [
        ["Покупатель", "Документ", None, "Продажа", None],
        [None, "Дата", "Номер", "Сумма", "Себестоимость"],
        *([who, day, number, amount, 1.0] for who, day, amount, number in ledger.LEDGER),
    ]
    for options in ({}, {"header_rows": 2}):
        path = ledger.write_xlsx(tmp_path / "a.xlsx", {"S": rows})
        sales = read_sales(path, **options)  # type: ignore[arg-type]
        assert ledger.sums(sales) == ledger.expected()
        assert sales.columns["amount"] == "Сумма"
    with pytest.raises(InputError, match="from 1 to 5"):
        read_sales(path, header_rows=9)


def test_duplicate_headings_are_refused(tmp_path: Path) -> None:
    """Two columns of one name are an error in every format."""
    rows: Rows = [["customer", "date", "amount", "amount"], ["Ann", "2025-01-05", 5.0, 6.0]]
    for path in (
        ledger.write_csv(tmp_path / "a.csv", rows),
        ledger.write_xlsx(tmp_path / "a.xlsx", {"S": rows}),
        ledger.write_ods(tmp_path / "a.ods", rows),
    ):
        with pytest.raises(InputError, match="several columns named 'amount'"):
            read_sales(path)


def _sums_alone(tmp_path: Path) -> Path:
    text = "Контрагент;Выручка;Заказов\nЛуч;340 800,00;12\nВетер;115 300,50;4\nМост;900,00;1\n"
    (tmp_path / "sums.csv").write_text(text, encoding="utf-8")
    return tmp_path / "sums.csv"


def test_sums_without_dates(tmp_path: Path) -> None:
    """Sums per customer give ABC alone, and it is said that XYZ needs dates."""
    from abcxyz import Settings
    from abcxyz.errors import AbcxyzWarning
    from abcxyz.tables.analyze_file import analyze_file

    path = _sums_alone(tmp_path)
    with pytest.warns(AbcxyzWarning, match="XYZ needs the date"):
        analysis = analyze_file(path, as_of=date(2026, 1, 1), settings=Settings())
    assert sorted(analysis.snapshot.value.tolist()) == [900.0, 115300.5, 340800.0]
    assert set(analysis.snapshot.xyz.tolist()) == {-1}
    assert analysis.snapshot.segment.tolist() == [-1, -1, -1]
    assert any("XYZ needs" in remark for remark in analysis.quality.remarks)  # type: ignore[union-attr]
    with pytest.raises(InputError, match="no column looks like date"):
        read_sales(path)


def _by_hand(sales: Sales) -> float:
    return round(float(sales.transactions.amount.sum()), 2)


def test_a_plain_table_is_left_alone(tmp_path: Path) -> None:
    """A table of a line per sale has no remark on its shape."""
    sales = read_sales(ledger.write_csv(tmp_path / "a.csv", ledger.plain_rows()))
    assert _by_hand(sales) == round(sum(one[2] for one in ledger.LEDGER), 2)
    assert not [one for one in sales.quality.remarks if not one.startswith(("--", "encoding"))]


@pytest.mark.parametrize("date_format", ["%m/%d/%Y", "%d/%m/%Y"])
def test_headings_that_may_begin_with_the_day_or_the_month(
    tmp_path: Path, date_format: str
) -> None:
    """Days from 1 to 12 leave the order open; the format settles it for the headings too."""
    file = tmp_path / "wide.csv"
    ledger.write_csv(file, _wide(lambda one: one.strftime(date_format)))
    with pytest.raises(InputError, match=r"the headings hold dates such as .*--date-format"):
        read_sales(file)
    sales = read_sales(file, date_format=date_format)
    assert ledger.sums(sales) == ledger.expected()


def test_one_heading_settles_the_order_of_the_others(tmp_path: Path) -> None:
    """Weeks by their first day: one above 12 is no month, in this heading and in all."""
    file = tmp_path / "weeks.csv"
    file.write_text("Customer;06/01/2025;13/01/2025;03/02/2025\nAnn;5;6;7\nBob;1;;2\n")
    days = {str(day) for day in read_sales(file).transactions.day}
    assert days == {"2025-01-06", "2025-01-13", "2025-02-03"}
