"""Reading sales from every file format."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from abcxyz.errors import InputError
from abcxyz.tables.cells import read_amounts, read_days
from abcxyz.tables.sales import read_sales

PLAIN = "customer_id,date,amount\n00017,2026-01-05,100.50\nb,2026-02-06,-3\n"


def _written(folder: Path, content: str | bytes, name: str = "sales.csv") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_plain_csv(tmp_path: Path) -> None:
    """Identifiers have their leading zeros, and a return stays negative."""
    sales = read_sales(_written(tmp_path, PLAIN))

    assert sales.transactions.customer.tolist() == ["00017", "b"]
    assert sales.transactions.amount.tolist() == [100.5, -3.0]
    assert (date(2026, 1, 5), date(2026, 2, 6)) == (sales.first_day, sales.last_day)


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("mark", [";", "\t"])
def test_russian_csv(tmp_path: Path, encoding: str, mark: str) -> None:
    """A Russian CSV is read in every usual encoding, with spaces and decimal commas."""
    lines = [
        ["Контрагент", "Дата", "Сумма", "Номер"],
        ["ООО «Ёлка»", "31.10.2026 14:05:00", "1\u00a0234,50", "7"],
        ["АО Дуб", "01.11.2026", "-99,9", "8"],
    ]
    content = "\r\n".join(mark.join(line) for line in lines).encode(encoding)

    sales = read_sales(_written(tmp_path, content))

    assert sales.transactions.customer.tolist() == ["ООО «Ёлка»", "АО Дуб"]
    assert sales.transactions.amount.tolist() == [1234.5, -99.9]
    assert date(2026, 10, 31) == sales.first_day


def test_gzip_by_content(tmp_path: Path) -> None:
    """A gzipped file is recognised by its content under any name."""
    file = _written(tmp_path, gzip.compress(PLAIN.encode()), "sales.dat")

    assert len(read_sales(file).transactions) == 2


def test_excel_and_parquet_say_the_same(tmp_path: Path) -> None:
    """The same table gives equal sales from a workbook and from Parquet."""
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("pyarrow")
    moment = datetime(2026, 1, 5, 9)  # noqa: DTZ001 - workbooks know no zones
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in (["Клиент", "Дата", "Сумма"], [17, moment, 100.5]):
        page.append(row)
    book.save(tmp_path / "sales.xlsx")
    frame = pd.DataFrame({"Клиент": [17], "Дата": [moment], "Сумма": [100.5]})
    frame.to_parquet(tmp_path / "sales.parquet")

    excel = read_sales(tmp_path / "sales.xlsx").transactions
    parquet = read_sales(tmp_path / "sales.parquet").transactions

    assert excel.customer.tolist() == ["17"]
    assert excel == parquet


def test_documents_that_are_numbers_on_one_sheet_and_text_on_another(tmp_path: Path) -> None:
    """A whole number of a workbook is the document of the same digits; a fraction is its own."""
    pytest.importorskip("openpyxl")
    days = pd.to_datetime(["2026-09-30", "2026-09-30", "2026-09-30"])
    sheets: dict[str, list[Any]] = {
        "first": [7, 8, np.nan],
        "second": ["7", "8", "007"],
        "third": [7.0, 7.5, 9.0],
    }

    def orders(names: Sequence[str]) -> int:
        with pd.ExcelWriter(tmp_path / "sales.xlsx") as book:
            for name in names:
                frame = pd.DataFrame({"date": days, "customer": "Ann", "amount": 10.0})
                frame.assign(document=sheets[name]).to_excel(book, sheet_name=name, index=False)
        sales = read_sales(tmp_path / "sales.xlsx", sheet="all").transactions
        assert sales.document is not None
        return len(np.unique(sales.document))

    assert orders(["first"]) == 3
    assert orders(["third"]) == 3
    assert orders(["first", "second"]) == 4  # 7, 8, none and 007
    assert orders(["first", "second", "third"]) == 6


def test_quality_counts_everything(tmp_path: Path) -> None:
    """Every doubtful line is counted once; only unusable ones are dropped."""
    file = _written(
        tmp_path,
        "customer,date,amount\n"
        "a,2026-01-05,10\n"
        "a,2026-01-05,10\n"
        ",2026-01-05,10\n"
        "a,,10\n"
        "a,0001-01-01,10\n"
        "a,31.02.2026,10\n"
        "a,2026-01-05,\n"
        "a,2026-01-05,ten\n"
        "a,2026-01-05,0\n"
        "a,2026-01-05,-4\n"
        "a,2027-01-05,10\n",
    )

    quality = read_sales(file, as_of=date(2026, 11, 1)).quality

    assert (quality.rows, quality.used) == (11, 4)
    assert {issue.kind: (issue.count, issue.treatment) for issue in quality.issues} == {
        "no_customer": (1, "left_out"),
        "no_date": (2, "left_out"),
        "unreadable_date": (1, "left_out"),
        "no_amount": (1, "left_out"),
        "unreadable_amount": (1, "left_out"),
        "future_date": (1, "left_out"),
        "zero": (1, "kept"),
        "negative": (1, "kept"),
        "duplicate": (1, "kept"),
    }


def test_unknown_columns_are_listed(tmp_path: Path) -> None:
    """Unrecognised columns are listed in an error with the options."""
    file = _written(tmp_path, "who,when,money\na,2026-01-05,1\n")

    with pytest.raises(InputError) as caught:
        read_sales(file)
    named = read_sales(file, customer="who", date="when", amount="money")

    assert "who, when, money" in str(caught.value)
    assert "--customer, --date, --amount" in str(caught.value)
    assert len(named.transactions) == 1


CURRENCIES = "customer,date,amount,currency\na,2026-01-05,1,USD\nb,2026-01-05,2,EUR\n"


def test_currencies_are_not_added(tmp_path: Path) -> None:
    """Several currencies are an error unless one is selected or rates are set."""
    file = _written(tmp_path, CURRENCIES)

    with pytest.raises(InputError, match="USD 1, EUR 1"):
        read_sales(file)

    assert read_sales(file, currency="usd").transactions.amount.tolist() == [1.0]
    converted = read_sales(file, currency="USD", rates={"EUR": 1.5})
    assert converted.transactions.amount.tolist() == [1.0, 3.0]
    with pytest.raises(InputError, match="no rate for USD"):
        read_sales(file, rates={"EUR": 1.5})


def test_currency_signs_in_the_money(tmp_path: Path) -> None:
    """Currency signs in the amounts are recognised and not mixed."""
    file = _written(tmp_path, "customer,date,amount\na,2026-01-05,$5\nb,2026-01-05,5 ₽\n")

    with pytest.raises(InputError, match="mixes 2 currencies"):
        read_sales(file)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1 234,50", "7"], [1234.5, 7]),
        (["1,234.50", "1,234"], [1234.5, 1234]),
        (["1.234,50", "1.234"], [1234.5, 1234]),
        (["(99.90)", "\u221212"], [-99.9, -12]),
        (["0,125", "3"], [0.125, 3]),
        (["1234567,89", "12.5"], [1234567.89, 12.5]),
    ],
)
def test_amounts(cells: list[str], expected: list[float]) -> None:
    """Usual notations of money are parsed."""
    amounts, bad = read_amounts(pd.Series(cells))

    assert expected == amounts.tolist()
    assert not bad.any()


@pytest.mark.parametrize("cell", ["inf", "1_000", "12abc", "1,2,3", "٣"])
def test_no_amounts(cell: str) -> None:
    """Text that is not a number in a ledger is unreadable, even if Python parses it."""
    _, bad = read_amounts(pd.Series([cell, "1"]))

    assert bad.tolist() == [True, False]


def test_day_or_month_first() -> None:
    """An ambiguous date column is refused; one unambiguous date decides."""
    with pytest.raises(InputError, match="begin with the day or with the month"):
        read_days(pd.Series(["03/04/2026", "05/06/2026"]))

    days, _ = read_days(pd.Series(["03/04/2026", "25/06/2026"]))
    formatted, _ = read_days(pd.Series(["03/04/2026"]), date_format="%m/%d/%Y")

    assert date(2026, 4, 3) == days[0].item()
    assert date(2026, 3, 4) == formatted[0].item()


def test_zone_keeps_the_day_as_written() -> None:
    """The day of a zoned time is local, not that of UTC."""
    days, bad = read_days(pd.Series(["2026-11-01T00:30:00+03:00", "20261102", "5 мая"]))

    assert [date(2026, 11, 1), date(2026, 11, 2), None] == days.tolist()
    assert bad.tolist() == [False, False, True]


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\x1f\x8bbroken", b"PAR1", b"PK\x03\x04", b"\0a\0b"]
)
def test_damaged_files(tmp_path: Path, content: bytes) -> None:
    """A damaged file raises the library's error without a foreign traceback."""
    with pytest.raises(InputError):
        read_sales(_written(tmp_path, content))


@pytest.mark.parametrize(
    ("name", "rows", "used"),
    [
        ("online_retail", 541_909, 406_829),
        ("cdnow", 69_659, 69_659),
        ("complete_journey", 75_000, 75_000),
        ("northwind", 2_155, 2_155),
        ("chinook", 412, 412),
    ],
)
def test_real_files(shared_data: Path, name: str, rows: int, used: int) -> None:
    """Real ledgers are read completely, without any option."""
    quality = read_sales(shared_data / f"{name}.csv.gz").quality

    assert (rows, used) == (quality.rows, quality.used)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("contoso", "mixes 5 currencies"),
        ("wholesale_customers", "no column looks like date, amount"),
        ("bank_marketing", "no column looks like customer, amount"),
    ],
)
def test_real_files_refused(shared_data: Path, name: str, words: str) -> None:
    """A table that is not sales in one currency is refused with the reason."""
    with pytest.raises(InputError, match=words):
        read_sales(shared_data / f"{name}.csv.gz")


def test_remarks_of_a_table_reach_the_summary() -> None:
    """What was understood of a table is in the account, without the sentence's parts."""
    from abcxyz.core.sales.quality import Quality
    from abcxyz.tables.account import merged
    from abcxyz.tables.export.summary import quality_object
    from abcxyz.toolkit.catalogue import Catalogue

    remark = Catalogue().message("{used} of {rows} lines used", used=5, rows=5)
    account = merged([Quality(1, 1, remarks=[remark]), Quality(2, 2, remarks=[remark, "other"])])
    assert quality_object(account)["remarks"] == ["5 of 5 lines used", "other"]
    assert [type(one) for one in quality_object(account)["remarks"]] == [str, str]
