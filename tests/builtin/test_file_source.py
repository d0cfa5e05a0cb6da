"""Sales file as a source."""

from __future__ import annotations

import inspect
from datetime import date
from pathlib import Path

import pytest

from abcxyz import Window
from abcxyz.builtin.file_source import FileSource
from abcxyz.errors import InputError
from abcxyz.tables.sales import read_sales

OCTOBER = Window(date(2026, 10, 1), date(2026, 11, 1))


def test_a_file_source_accounts_for_lines_outside_the_window(tmp_path: Path) -> None:
    """Lines outside the window are reported and not counted; names follow reading."""
    path = tmp_path / "sales.csv"
    path.write_text("customer,date,amount,customer_name\n1,2026-10-05,7,Ann\n1,2020-01-01,5,Ann\n")
    source = FileSource(path)
    assert (None, {}) == (source.data_quality(), dict(source.customer_names()))
    assert [1] == [len(batch) for batch in source.transactions(OCTOBER)]
    quality = source.data_quality()
    assert quality is not None
    [issue] = quality.issues
    assert ("outside_window", 1, 5.0) == (issue.kind, issue.count, issue.amount)
    assert {"1": "Ann"} == dict(source.customer_names())


def test_preflight_of_a_file_source_describes_its_content(tmp_path: Path) -> None:
    """Preflight reports lines, days and columns, or an unusable file."""
    path = tmp_path / "sales.csv"
    path.write_text("Контрагент;Дата;Сумма\n1;05.10.2026;7\n")
    summary, columns = FileSource(path).preflight()
    assert f"{path}: 1 / 1, 2026-10-05 - 2026-10-05" == summary
    assert "customer = Контрагент, date = Дата, amount = Сумма" == columns
    with pytest.raises(InputError, match="there is no file"):
        FileSource(tmp_path / "no.csv").preflight()


def test_halves_make_the_whole(tmp_path: Path) -> None:
    """Two half windows give each line of the whole once."""
    path = tmp_path / "sales.csv"
    path.write_text("customer_id,date,amount\n00017,2026-01-05,100.50\nb,2026-02-06,-3\n")
    source = FileSource(str(path))

    def count(since: date, until: date) -> int:
        return sum(len(batch) for batch in source.transactions(Window(since, until)))

    first, middle, last = date(2026, 1, 1), date(2026, 2, 6), date(2026, 3, 1)
    assert (count(first, last), count(first, middle), count(middle, last)) == (2, 1, 1)


def test_a_file_source_has_the_options_of_reading() -> None:
    """The options and defaults of a job's source equal those of the function."""
    reading = dict(inspect.signature(read_sales).parameters)
    del reading["as_of"]  # a source has no option to leave lines out
    assert list(reading.values()) == list(inspect.signature(FileSource).parameters.values())
