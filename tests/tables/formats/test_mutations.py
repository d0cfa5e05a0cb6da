"""Damaged files of every format end in sales or in an `InputError`, and sizes are bounded."""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import threading
import warnings
import zipfile
from pathlib import Path

import pytest
from tests.mutations import damaged
from tests.tables import ledger
from tests.tables.formats.test_formats import FORMATS

from abcxyz.errors import InputError
from abcxyz.tables.containers.limits import UnpackLimits
from abcxyz.tables.read import open_table
from abcxyz.tables.sales import read_sales

pytestmark = pytest.mark.filterwarnings("ignore")

MUTATED = [kind for kind in FORMATS if kind != "gzip in gzip"]


def _parts_damaged(raw: bytes, draw: random.Random, path: Path) -> None:
    """Damage a member of a ZIP file inside, so that its checks do not find it at once."""
    path.write_bytes(raw)
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    name = draw.choice(list(members))
    members[name] = damaged(members[name], draw)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, content in members.items():
            archive.writestr(one, content)


def _try(kind: str, count: int, seed: int, folder: Path) -> int:
    if kind == "xls":
        pytest.importorskip("xlwt")
    draw = random.Random(f"{kind} {seed}")
    original = FORMATS[kind](folder / "original").read_bytes()
    path = folder / "table"
    read = 0
    for _ in range(count):
        if original.startswith(b"PK") and draw.random() < 0.7:
            _parts_damaged(original, draw, path)
        else:
            path.write_bytes(damaged(original, draw))
        with warnings.catch_warnings(), contextlib.suppress(InputError):
            warnings.simplefilter("ignore")
            read_sales(path)
            read += 1
    return read


@pytest.mark.parametrize("kind", MUTATED)
def test_damaged_files_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    """No damage ends in another exception."""
    count = 4 if kind in ("xls", "xlsb") else 8  # a process for each of these files
    assert _try(kind, count, 1, tmp_path) <= count


@pytest.mark.slow
@pytest.mark.parametrize("kind", MUTATED)
def test_many_damaged_files_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    """No damage of ten thousand ends in another exception."""
    count = 10_000 // len(MUTATED) + 1
    assert _try(kind, count, 2, tmp_path) <= count


def test_bombs_are_refused_with_the_number(tmp_path: Path) -> None:
    """What unpacks beyond the limit is refused, and the limit may be set."""
    text = ledger.csv_text(ledger.plain_rows())
    raw = text.encode() + b" " * 4_000_000
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(raw))
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.csv", raw)
    for name in ("a.csv.gz", "b.zip"):
        with pytest.raises(InputError, match=r"unpacks to more than 0\.001 GB"):
            read_sales(tmp_path / name, unpack_limit=0.001)
    usual = UnpackLimits()
    assert usual.problem("a", packed=10**7, unpacked=9 * 10**8) is None
    assert usual.problem("a", packed=10**8, unpacked=2 * 10**9) is None
    assert "100 times" in str(usual.problem("a", packed=10**6, unpacked=2 * 10**9))
    assert "8 GB" in str(usual.problem("a", packed=10**9, unpacked=9 * 10**9))
    with pytest.raises(InputError, match="above zero"):
        read_sales(tmp_path / "b.zip", unpack_limit=0)


def test_member_of_an_archive_without_a_name(tmp_path: Path) -> None:
    """It is no file and no folder, and the others are read."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", ledger.csv_text(ledger.plain_rows()))
        archive.writestr(zipfile.ZipInfo("\0"), "")  # its name ends before the first character
    assert ledger.sums(read_sales(tmp_path / "a.zip")) == ledger.expected()


def _with_sheet(path: Path, xml: str) -> Path:
    """Replace the XML of the sheet of a workbook."""
    ledger.write_xlsx(path, {"S": ledger.plain_rows()})
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    members["xl/worksheets/sheet1.xml"] = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{xml}</sheetData></worksheet>"
    ).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, content in members.items():
            archive.writestr(one, content)
    return path


@pytest.mark.parametrize(
    "xml",
    [
        '<row r="300000000"><c r="B300000000"><v>1</v></c></row>',
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    ],
)
def test_sheet_that_claims_millions_of_rows(xml: str, tmp_path: Path) -> None:
    """A sheet larger than its cells is refused with its numbers before memory is taken."""
    first = '<row r="1"><c r="A1"><v>1</v></c></row>'
    path = _with_sheet(tmp_path / "a.xlsx", first + xml)
    with pytest.raises(InputError, match=r"claims (300000000|1048576) rows"):
        read_sales(path)


def test_repeated_rows_of_ods(tmp_path: Path) -> None:
    """A row that an .ods file repeats too often is refused."""
    path = ledger.write_ods(tmp_path / "a.ods", ledger.plain_rows())
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    members["content.xml"] = members["content.xml"].replace(
        b"<table:table-row>", b'<table:table-row table:number-rows-repeated="300000000">'
    )
    with zipfile.ZipFile(path, "w") as archive:
        for one, content in members.items():
            archive.writestr(one, content)
    with pytest.raises(InputError, match="300000000 rows"):
        read_sales(path)


def test_devices_and_pipes(tmp_path: Path) -> None:
    """A device is refused, a pipe is read up to a limit."""
    with pytest.raises(InputError, match="has no end"):
        read_sales("/dev/zero")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    raw = ledger.csv_text(ledger.plain_rows()).encode()
    writer = threading.Thread(target=pipe.write_bytes, args=(raw,))
    writer.start()
    assert ledger.sums(read_sales(pipe)) == ledger.expected()
    writer.join()


def test_lines_and_bytes_that_are_no_table(tmp_path: Path) -> None:
    """Long lines of JSON, NUL bytes and odd encodings end in an error of ours."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"customer": "A", "amount": 5}\n{"customer": "' + "x" * 1_100_000 + '"}\n')
    with pytest.raises(InputError, match=r"line 2 of .* is longer than 1000000 bytes"):
        open_table(path)
    path.write_bytes(b"a;b\0;c\n1;2\0;3\n")
    with pytest.raises(InputError):
        read_sales(path)
    ledger.write_csv(path, ledger.plain_rows())
    for name in ("klingon", "rot13", "base64", "idna", "utf-8\0", ""):
        with contextlib.suppress(InputError):
            read_sales(path, encoding=name)
