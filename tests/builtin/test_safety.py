"""Formula injection and atomic writes of files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.builtin.jsonl_sink import JsonLinesSink
from abcxyz.errors import AdapterError
from abcxyz.report.workbook.render import printable
from abcxyz.tables.export.csv_table import harmless
from abcxyz.testing import make_analysis
from abcxyz.toolkit.files import write_atomic


@given(st.text(alphabet="=+-@\t\r\n 5,.aЯ"))
def test_no_formula_starts_a_cell(cell: str) -> None:
    """A cell starts with a formula character only if it is a plain number."""
    safe = harmless(cell)

    if safe.lstrip(" ")[:1] in set("=+-@\t\r\n"):
        assert safe.strip(" ") == "" or float(safe.replace(",", ".")) is not None
    assert cell in (safe, safe[1:])


@given(st.text(alphabet=st.characters(), max_size=50))
def test_xml_can_say_it(cell: str) -> None:
    """Text of a workbook has no character that XML forbids."""
    clean = printable(cell)

    assert len(cell) == len(clean)
    assert all(c in "\t\n\r" or (c >= " " and c not in "\x7f\ufffe\uffff") for c in clean)


def test_long_cells_are_cut() -> None:
    """Ten thousand characters fit into a cell, forty thousand are visibly truncated."""
    assert len(printable("x" * 10_000)) == 10_000
    assert printable("x" * 40_000).endswith("…")


def test_write_atomic(tmp_path: Path) -> None:
    """Equal content is not rewritten, a dry run writes nothing, no temporary file stays."""
    file = tmp_path / "deep" / "file.txt"

    assert write_atomic(file, b"1", dry_run=True)
    assert not file.exists()
    assert write_atomic(file, b"1")
    assert not write_atomic(file, b"1")
    assert write_atomic(file, b"2")
    assert [item.name for item in file.parent.iterdir()] == ["file.txt"]


def test_unwritable(tmp_path: Path) -> None:
    """A folder in place of the file raises the library's error."""
    (tmp_path / "file.txt").mkdir()

    with pytest.raises(AdapterError, match="cannot be written"):
        write_atomic(tmp_path / "file.txt", b"1")


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\ufeff", "\u202e", "\x01", "\u2060", "\u3164", "\xad \x0b"]
)
def test_an_invisible_character_hides_no_formula(hidden: str) -> None:
    """A spreadsheet drops such a character, and the formula behind it would run."""
    assert f"'{hidden}=1+1" == harmless(f"{hidden}=1+1")
    assert f"{hidden}Ltd" == harmless(f"{hidden}Ltd")


def test_line_ends_of_unicode_end_no_line_of_json(tmp_path: Path) -> None:
    """U+2028 and U+2029 are escaped, so that a line of the file is a line for every reader."""
    customers = ["a\u2028b", "c\u2029d", "e", "f"]
    sink = JsonLinesSink(tmp_path / "out.jsonl")
    sink.write(make_analysis(customers), dry_run=False)
    lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    assert sorted(customers) == sorted(json.loads(line)["customer"] for line in lines)
