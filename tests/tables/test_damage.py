"""Damaged CSV: encodings, cells beyond the heading, quotes that swallow lines, line numbers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.errors import InputError
from abcxyz.tables.formats.csv_rows import read_rows
from abcxyz.tables.formats.encodings import decode_text
from abcxyz.tables.sales import read_sales

RUSSIAN = "Контрагент;Дата;Сумма\nООО «Ёлка»;05.01.2026;1\u00a0234,50\nАО Дуб;06.01.2026;7\n"
WESTERN = "Kunde;Datum;Betrag\nMüller & Söhne;05.01.2026;1,50\nCafé Größe;06.01.2026;2\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((RUSSIAN, name) for name in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")),
        *((RUSSIAN, name) for name in ("cp1251", "mac-cyrillic")),
        *((RUSSIAN.replace("«", "(").replace("»", ")"), name) for name in ("cp866", "koi8-r")),
        *((WESTERN, name) for name in ("utf-8", "cp1252")),
        (RUSSIAN.upper(), "cp1251"),
    ],
)
def test_encodings(text: str, encoding: str) -> None:
    """The encoding of a text is recognised by its letters."""
    decoded = decode_text(text.encode(encoding), "sales.csv")

    assert decoded.text == text
    assert decoded.encoding.removesuffix("-sig") == encoding.removesuffix("-sig")
    assert decoded.bad_lines == ()


def test_few_invalid_bytes_leave_utf8() -> None:
    """Invalid bytes among many valid letters are counted by line and change nothing else."""
    raw = RUSSIAN.encode().replace("Дуб".encode(), b"\xd0" + "уб".encode())
    decoded = decode_text(raw, "sales.csv")

    assert (decoded.encoding, decoded.bad_lines) == ("utf-8", (3,))
    assert decoded.text.splitlines()[2] == "АО \ufffdуб;06.01.2026;7"


def test_a_customer_with_an_invalid_byte(tmp_path: Path) -> None:
    """It is the only customer that it may be, and the account names the line."""
    lines = ["Контрагент;Дата;Сумма", *(f"{name};05.01.2026;5" for name in ("Дуб", "Ель", "Дуб"))]
    raw = "\n".join(lines).encode()
    last = raw.rindex("Дуб".encode())  # one letter is damaged, and a byte is added
    added = "\nЕль".encode() + b"\xff;05.01.2026;5"
    (tmp_path / "sales.csv").write_bytes(raw[:last] + b"\xff" + raw[last + 2 :] + added)

    sales = read_sales(tmp_path / "sales.csv")

    assert sales.transactions.customer.tolist() == ["Дуб", "Ель", "Дуб", "Ель"]
    assert "2 lines have bytes that are not UTF-8, shown as \ufffd: 4, 5" in sales.quality.remarks


@pytest.mark.parametrize("encoding", ["no-such", "base64", "utf-8\0", "undefined"])
def test_odd_names_of_encodings(encoding: str) -> None:
    """A name that is no encoding of text is refused."""
    with pytest.raises(InputError, match="is unknown"):
        decode_text(b"abc", "sales.csv", encoding)


def test_a_wrong_encoding_names_the_line() -> None:
    """Bytes that are invalid in the encoding of the user are refused with their line."""
    with pytest.raises(InputError, match=r"line 2 has other bytes.*--encoding"):
        decode_text(b"a\nb\xff", "sales.csv", "utf-8")


HEAD = ["customer", "date", "amount"]


def rows(text: str, delimiter: str = ",", names: list[str] | None = None) -> pd.DataFrame:
    """Read the rows below a heading in line 1."""
    return read_rows(text, delimiter, names or HEAD, "sales.csv", 2).batch.frame()


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("A,2026-01-05,9525,00\nB,2026-01-06,5614,29\n", ["9525,00", "5614,29"]),
        ("A,2026-01-05,9,525.00\nB,2026-01-06,7.00\n", ["9,525.00", "7.00"]),
        ("A,2026-01-05,1,009,525.00\nB,2026-01-06,-9,525.00\n", ["1,009,525.00", "-9,525.00"]),
        ('A,2026-01-05,9,525.00\n"B, C",2026-01-06,"9,525"\n', ["9,525.00", "9,525"]),
        ("A,2026-01-05,5,\nB,2026-01-06,6,\n", ["5", "6"]),
        ("A,2026-01-05,5,,\nB,2026-01-06\n", ["5", None]),
    ],
)
def test_a_number_with_the_delimiter_is_joined(text: str, amounts: list[str | None]) -> None:
    """Where one column alone may hold the number, its parts are joined."""
    assert rows(text)["amount"].tolist() == amounts


@pytest.mark.parametrize(
    ("text", "delimiter", "names"),
    [
        ("A,B,2026-01-05,5\n", ",", HEAD),
        ("A,2026-01-05,5\nA, Ltd,2026-01-05,9,525\n", ",", HEAD),
        ("5,5,100\n", ",", ["pieces", "amount"]),
        ("A;2026-01-05;9;525\n", ";", HEAD),
        ("A,2026-01-05,9525,00\nB,x,2026-01-06,7\n", ",", HEAD),
        ("A\t1\t2\t3\n", "\t", HEAD),
    ],
)
def test_other_cells_beyond_the_heading_are_refused(
    text: str, delimiter: str, names: list[str]
) -> None:
    """A row that may be read in several ways, or in none, is refused with its line."""
    with pytest.raises(InputError, match=r"line [23] has \d fields, and the heading has"):
        rows(text, delimiter, names)


@pytest.mark.parametrize("rows", [3, 3000])
def test_every_row_has_a_decimal_comma_too_many(tmp_path: Path, rows: int) -> None:
    """Kopecks behind an unquoted comma are part of the amount, on every line of a file."""
    file = tmp_path / "sales.csv"
    kopecks = [(5 + 20 * n) % 100 for n in range(rows)]
    lines = "".join(f"K{n % 7},2025-07-16,9525,{cents:02}\n" for n, cents in enumerate(kopecks))
    file.write_text(f"customer,date,amount\n{lines}", encoding="utf-8")
    expected = [round(9525 + cents / 100, 2) for cents in kopecks]
    assert read_sales(file).transactions.amount.tolist() == expected

    file.write_text("customer,date,amount\nK0,2025-07-16,95,\nK1,2025-07-17,20,\n", "utf-8")
    assert read_sales(file).transactions.amount.tolist() == [95.0, 20.0]


def test_heading_that_lacks_a_column() -> None:
    """A number more on every row is no decimal part, unless its digits can be nothing else."""
    with pytest.raises(InputError, match="line 2 has 4 fields, and the heading has 3"):
        rows("A,2025-01-25,1234,5\nB,2025-01-26,500,12\n", ",")
    with pytest.raises(InputError, match="line 2 has 4 fields, and the heading has 3"):
        rows("A,2025-01-25,1234,10\nB,2025-01-26,500,12\n", ",")


@pytest.mark.parametrize(
    ("cell", "name", "repaired"),
    [
        ('"ООО "Луч""', 'ООО "Луч"', True),
        ('"ООО \\"Луч\\""', 'ООО "Луч"', True),
        ('""Луч" ООО"', '"Луч" ООО', True),
        ('"Луч" ООО', '"Луч" ООО', True),
        ('ООО "Луч"', 'ООО "Луч"', False),
        ('"ООО ""Луч"""', 'ООО "Луч"', False),
    ],
)
@pytest.mark.parametrize("before", [0, 3000])
def test_quotes_inside_quotes(
    cell: str, name: str, repaired: bool, before: int, tmp_path: Path
) -> None:
    """Quotes that are not doubled are part of the cell, where its end is certain."""
    file = tmp_path / "sales.csv"
    lines = "Анна;25.01.2025;7,00\n" * before + f"{cell};05.01.2025;100,50\n"
    file.write_text(f"Контрагент;Дата;Сумма\n{lines}", encoding="utf-8")
    sales = read_sales(file)
    assert sales.transactions.customer[-1] == name
    assert sales.transactions.amount[-1] == 100.5
    assert any("not doubled" in remark for remark in sales.quality.remarks) is repaired


@pytest.mark.parametrize(
    "text",
    [
        'A;2026-01-05;5\n"OOO "Luch";2026-01-06;6\n',
        'A;2026-01-05;5\n"OOO "Luch; Co"";2026-01-06;6\n',
    ],
)
def test_quotes_with_several_readings(text: str) -> None:
    """A cell whose end or whose quotes are not certain is refused with its line."""
    with pytest.raises(InputError, match="line 3 has a quote inside a quoted cell"):
        rows(text, ";")


def test_fields_over_a_megabyte(tmp_path: Path) -> None:
    """A field longer than any of a table is refused with its line and size, quoted or not."""
    file = tmp_path / "sales.csv"
    for mark in ("", '"'):
        field = mark + "x" * 1_200_000 + mark
        file.write_text(f"customer,date,amount,note\nA,2025-01-05,5,\nB,2025-01-06,6,{field}\n")
        with pytest.raises(InputError, match=r"line 3 has a field of 120000\d characters"):
            read_sales(file)
    file.write_text("customer,date,amount,note\nA,2025-01-05,5," + '"' + "x" * 900_000 + '"\n')
    assert read_sales(file).transactions.amount.tolist() == [5.0]


@pytest.mark.parametrize("quote", ["", '"'])
def test_row_without_an_end(quote: str, tmp_path: Path) -> None:
    """A row of over 64 MB is refused with its line, before it fills the memory."""
    file = tmp_path / "sales.csv"
    file.write_text("customer,date,amount\nA,2025-01-05,5\n" + quote + "x" * 70_000_000)
    with pytest.raises(InputError, match="line 3 begins a row of over 64 MB"):
        read_sales(file)


@pytest.mark.parametrize(
    "text",
    [
        'A;2026-01-05;5\n"B;2026-01-06;6\nC;2026-01-07;7\n"D;2026-01-08;8\n',
        'A;2026-01-05;5\n"B;2026-01-06;6\nC;2026-01-07;7\n',
        'A;2026-01-05;5\nB;2026-01-06;"6\n7"\n',
    ],
)
def test_quotes_that_swallow_lines(text: str) -> None:
    """A quote that is not closed, or a number over two lines, is refused with its line."""
    with pytest.raises(InputError, match="line 3: a quote opens a cell that goes on to line"):
        rows(text, ";")


def test_line_breaks_in_quotes_are_no_damage() -> None:
    """A cell may hold a line break; the lines below have the numbers of an editor."""
    frame = rows(
        '"A\nStreet 5";2026-01-05;5\n\n"B ""b""";2026-01-06;6\n   \nC;2026-01-07;7\n', ";"
    )

    assert frame["customer"].tolist() == ["A\nStreet 5", 'B "b"', "C"]
    assert frame.index.tolist() == [2, 5, 7]


def test_examples_have_the_lines_of_an_editor(tmp_path: Path) -> None:
    """Blank lines count, above the rows and between them."""
    (tmp_path / "sales.csv").write_text(
        "customer;date;amount\n\n\nK1;2025-05-05;10\n\nK2;bad;20\nK3;2025-05-06;30\n"
    )
    (issue,) = read_sales(tmp_path / "sales.csv").quality.issues

    assert issue.examples == ("line 6: bad",)


CELLS = st.text(st.sampled_from("aЯ 5\"';\n,."), min_size=1, max_size=6).map(str.strip)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6))
def test_written_rows_are_read_or_refused(table: list[tuple[str, str, str]]) -> None:
    """What a writer of CSV has written is read back exactly, or refused; never otherwise."""
    written = [row for row in table if any(cell.strip() for cell in row)]
    frame = pd.DataFrame(written, columns=HEAD)
    text = frame.to_csv(index=False, header=False, sep=";")
    try:
        read = rows(text, ";")
    except InputError as problem:
        assert "a quote opens a cell" in str(problem)  # noqa: PT017 - it may also be read
    else:
        assert [tuple(row) for row in read.fillna("").itertuples(index=False)] == written


def test_whole_numbers_of_parquet_keep_their_digits(tmp_path: Path) -> None:
    """Identifiers beside a missing one never become floats."""
    pytest.importorskip("pyarrow")
    ids = pd.array([2**62, 2**62 + 1, None], dtype="Int64")
    frame = pd.DataFrame({"customer": ids, "date": pd.Timestamp("2026-01-05"), "amount": 5})
    frame.to_parquet(tmp_path / "sales.parquet")

    sales = read_sales(tmp_path / "sales.parquet")

    assert sales.transactions.customer.tolist() == [str(2**62), str(2**62 + 1)]


def test_swallowed_lines_of_a_file(tmp_path: Path) -> None:
    """A quote without its twin is found by every reader, also where two of them look regular."""
    lines = [f"K{place};2026-01-05;5" for place in range(9)]
    lines[3] = '"' + lines[3]
    lines[6] = '"' + lines[6]
    (tmp_path / "sales.csv").write_text("\n".join(["customer;date;amount", *lines]))

    with pytest.raises(InputError, match="line 5: a quote opens a cell that goes on to line 8"):
        read_sales(tmp_path / "sales.csv")


def test_line_breaks_in_cells_of_a_file(tmp_path: Path) -> None:
    """Cells with line breaks are read, and examples have the lines of an editor."""
    (tmp_path / "sales.csv").write_text(
        'customer;date;amount\n"A\nStreet";2026-01-05;5\n"B\nStreet";x;6\nC;2026-01-05;7\n'
    )
    sales = read_sales(tmp_path / "sales.csv")

    assert sales.transactions.amount.tolist() == [5.0, 7.0]
    assert sales.quality.issues[0].examples == ("line 4: x",)
