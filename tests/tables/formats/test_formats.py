"""Formats: the same ledger is read from every format, and others are refused by name."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.tables import ledger
from tests.tables.xlsb import write_xlsb

from abcxyz.errors import InputError
from abcxyz.tables.read import open_table
from abcxyz.tables.sales import read_sales


def _json_lines(path: Path) -> Path:
    rows = ledger.plain_rows()
    lines = [
        json.dumps(dict(zip(rows[0], map(_plain, row), strict=True)), ensure_ascii=False)
        for row in rows[1:]
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _plain(cell: object) -> object:
    return cell if isinstance(cell, (str, float)) else str(cell)


def _frame() -> pd.DataFrame:
    rows = ledger.plain_rows()
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    return frame.astype({"Дата": "datetime64[s]"})


def _parquet_with_index(path: Path) -> Path:
    _frame().set_index("Контрагент").to_parquet(path)
    return path


def _parquet_with_lists(path: Path) -> Path:
    frame = _frame()
    frame["Товары"] = [["a", "b"]] * len(frame)
    frame.to_parquet(path)
    return path


def _zipped(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/продажи.csv", ledger.csv_text(ledger.plain_rows()))
        archive.writestr("__MACOSX/._продажи.csv", b"\0\1\2")
    return path


def _packed(pack: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(pack(ledger.csv_text(ledger.plain_rows()).encode()))
        return path

    return write


def _zstd(raw: bytes) -> bytes:
    packed: bytes = pa.compress(raw, "zstd", asbytes=True)
    return packed


FORMATS: dict[str, Callable[[Path], Path]] = {
    "csv": lambda path: ledger.write_csv(path, ledger.plain_rows()),
    "xlsx": lambda path: ledger.write_xlsx(path, {"Лист1": ledger.plain_rows()}),
    "xls": lambda path: ledger.write_xls(path, ledger.plain_rows()),
    "xlsb": lambda path: write_xlsb(path, ledger.plain_rows()),
    "ods": lambda path: ledger.write_ods(path, ledger.plain_rows()),
    "spreadsheetml": lambda path: ledger.write_spreadsheet_xml(path, ledger.plain_rows()),
    "jsonl": _json_lines,
    "parquet with an index": _parquet_with_index,
    "parquet with lists": _parquet_with_lists,
    "zip": _zipped,
    "gzip": _packed(gzip.compress),
    "bzip2": _packed(bz2.compress),
    "xz": _packed(lzma.compress),
    "zstd": _packed(_zstd),
    "gzip in gzip": _packed(lambda raw: gzip.compress(gzip.compress(raw))),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_has_the_same_sales(kind: str, tmp_path: Path) -> None:
    """A format changes nothing of the sales, and is recognised without the file's name."""
    if kind == "xls":
        pytest.importorskip("xlwt")
    sales = read_sales(FORMATS[kind](tmp_path / "table"))
    assert ledger.sums(sales) == ledger.expected()
    assert (sales.quality.rows, sales.quality.used) == (len(ledger.LEDGER),) * 2


def test_workbook_of_openpyxl_is_that_of_calamine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without python-calamine an .xlsx file has the same cells."""
    path = ledger.write_xlsx(tmp_path / "book.xlsx", {"Лист1": ledger.plain_rows()})
    (fast,) = open_table(path).batches()
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    (slow,) = open_table(path).batches()
    pd.testing.assert_frame_equal(fast.frame(), slow.frame())
    assert [cells.dtype.kind for cells in fast.cells] == ["O", "M", "f", "O"]
    with pytest.raises(InputError, match="python-calamine"):
        open_table(ledger.write_ods(tmp_path / "book.ods", ledger.plain_rows()))


ENCRYPTED = b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xls", b"<html><body><table><tr><td>a</td></tr></table></body></html>", "HTML"),
        ("b.csv", b'<!DOCTYPE html>\n<html lang="ru">', "HTML"),
        ("c.xls", b"MIME-Version: 1.0\nContent-Type: text/html", "HTML"),
        ("d.csv", b'[{"customer": "Ann", "amount": 5}]', "JSON"),
        ("e.csv", b'{\n  "rows": [\n    {"customer": "Ann"}]}', "JSON"),
        ("f.csv", b'{"rows": [{"customer": "Ann"}]}\n', "JSON"),
        ("g.xlsx", b"%PDF-1.7 ...", "PDF"),
        ("h.csv", b"<?xml version='1.0'?><Sales><Sale/></Sales>", "XML"),
        (
            "i.xlsx",
            b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "password",
        ),
        ("j.csv", b"7z\xbc\xaf\x27\x1c\0\4", "7-Zip"),
    ],
)
def test_other_formats_are_named(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """A file that is no table is refused with the name of what it is, not with its content."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_sales(path)
    assert len(str(caught.value)) < 400 + len(str(path))


def test_protected_archive(tmp_path: Path) -> None:
    """A member with a password is refused before it is read."""
    path = _zipped(tmp_path / "a.zip")
    raw = bytearray(path.read_bytes())
    place = raw.index(b"PK\1\2")
    raw[place + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(InputError, match="password"):
        read_sales(path)


def test_formulas_without_values(tmp_path: Path) -> None:
    """Formulas that nobody calculated are an error where the column is read, and named."""
    rows = [["customer", "date", "amount", "note"]]
    rows += [["Ann", "2025-01-05", "=2*3", "=1"], ["Bob", "2025-02-05", 5, "x"]]  # type: ignore[list-item]
    path = ledger.write_xlsx(tmp_path / "book.xlsx", {"S": rows})
    with pytest.raises(InputError, match=r"'amount'.* formulas .* C2"):
        read_sales(path)
    rows[1][2] = 6  # type: ignore[call-overload]
    path = ledger.write_xlsx(tmp_path / "book.xlsx", {"S": rows})
    assert read_sales(path).transactions.amount.tolist() == [6.0, 5.0]


def test_first_and_hidden_sheets(tmp_path: Path) -> None:
    """An empty first sheet and a hidden one are passed over, and it is told."""
    path = tmp_path / "book.xlsx"
    ledger.write_xlsx(
        path, {"Титул": [], "Скрытый": [["x", "y"], [1, 2]], "Данные": ledger.plain_rows()}
    )
    import openpyxl

    book = openpyxl.load_workbook(path)
    book["Скрытый"].sheet_state = "hidden"
    book.save(path)
    sales = read_sales(path)
    assert ledger.sums(sales) == ledger.expected()
    assert any("'Данные'" in remark for remark in sales.quality.remarks)
    with pytest.raises(InputError, match="its sheets are Титул, Скрытый, Данные"):
        read_sales(path, sheet="Итоги")


def test_a_sheet_per_month(tmp_path: Path) -> None:
    """Sheets with the same headings are one table; another sheet is named as not read."""
    sheets: dict[str, list[list[object]]] = {}
    for who, day, amount, number in ledger.LEDGER:
        rows = sheets.setdefault(ledger.MONTHS[day.month - 1], [list(ledger.HEADING)])
        rows.append([who, day, amount, number])
    path = ledger.write_xlsx(
        tmp_path / "book.xlsx", {**sheets, "Сводка": [["всего", "шт"], [1, 2]]}
    )
    sales = read_sales(path)
    assert ledger.sums(sales) == ledger.expected()
    remarks = " ".join(sales.quality.remarks)
    assert "5 sheets" in remarks
    assert "Сводка" in remarks
    with pytest.raises(InputError, match="has other columns"):
        read_sales(path, sheet="all")


def test_several_files_folder_and_pattern(tmp_path: Path) -> None:
    """Files named one by one, by their folder or by a pattern are one table."""
    head, *rows = ledger.plain_rows()
    first = ledger.write_csv(tmp_path / "2025-1.csv", [head, *rows[:9]])
    second = ledger.write_xlsx(tmp_path / "2025-2.xlsx", {"S": [head, *rows[9:]]})
    for files in (
        [first, second],
        tmp_path,
        tmp_path / "2025-*",
        [str(first), f"{tmp_path}/*.xlsx"],
    ):
        assert ledger.sums(read_sales(files)) == ledger.expected()
    assert ledger.sums(read_sales([first, first, tmp_path])) == ledger.expected()
    (tmp_path / "other.csv").write_text("a;b\n1;2\n")
    with pytest.raises(InputError, match=r"other.csv has other columns"):
        read_sales(tmp_path)
    with pytest.raises(InputError, match="names no file"):
        read_sales(tmp_path / "none-*.csv")


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    """Rows of a workbook are numbered as in the spreadsheet, blank rows included."""
    rows = [["Отчёт"], [], *ledger.plain_rows()[:3], [], *ledger.plain_rows()[3:5]]
    (batch,) = open_table(ledger.write_xlsx(tmp_path / "b.xlsx", {"S": rows})).batches()
    assert batch.lines.tolist() == [4, 5, 7, 8]
    assert np.isfinite(batch["Сумма"]).all()


DATE_NUMBERS = {"serial": 45672, "together": 20250115, "seconds": 1736899200, "float": 45672.75}


@pytest.mark.parametrize("notation", DATE_NUMBERS)
@pytest.mark.parametrize("kind", ["xlsx", "parquet", "jsonl"])
def test_dates_stored_as_numbers(kind: str, notation: str, tmp_path: Path) -> None:
    """A column of numbers in a typed file is read as dates in each of their notations."""
    number = DATE_NUMBERS[notation]
    path = tmp_path / f"a.{kind}"
    if kind == "xlsx":
        rows: list[list[Any]] = [
            ["customer", "date", "amount"],
            ["A", number, 5.0],
            ["B", number, 7.0],
        ]
        ledger.write_xlsx(path, {"S": rows})
    elif kind == "parquet":
        frame = {"customer": ["A", "B"], "date": [number] * 2, "amount": [5.0, 7.0]}
        pd.DataFrame(frame).to_parquet(path)
    else:
        records = [{"customer": who, "date": number, "amount": 5.0} for who in "AB"]
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    days = read_sales(path).transactions.day
    assert days.tolist() == [date(2025, 1, 15)] * 2


def test_json_with_a_key_twice(tmp_path: Path) -> None:
    """Two values of one name are two columns with one heading, which no format may have."""
    path = tmp_path / "a.jsonl"
    line = '{"customer": "A", "date": "2025-01-05", "amount": 5, "note": {"a": 1}}\n'
    path.write_text(line + line.replace('"amount": 5', '"amount": 5, "amount": 7'))
    with pytest.raises(InputError, match=r"line 2 of .* names 'amount' twice"):
        read_sales(path)
    path.write_text(line * 2)
    assert read_sales(path).transactions.amount.tolist() == [5.0, 5.0]
