"""Sales file as a source."""

from __future__ import annotations

import inspect
from datetime import date
from pathlib import Path

import pytest

from abcxyz import Window
from abcxyz.builtin.file_source import FileSource
from abcxyz.errors import InputError
from abcxyz.tables.file_reading import FileReading
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
    assert f"{path}: 1 of the first 1 lines are usable, of 2026-10-05 - 2026-10-05" == summary
    assert "customer = Контрагент, date = Дата, amount = Сумма" == columns
    with pytest.raises(InputError, match="there is no file"):
        FileSource(tmp_path / "no.csv").preflight()


def test_preflight_reads_the_beginning_of_a_file_only(tmp_path: Path) -> None:
    """A line at the end of a large file is not looked at; the job itself reads it."""
    path = tmp_path / "sales.csv"
    lines = "a,2026-10-05,7\n" * 400_000
    path.write_text(f"customer,date,amount\n{lines}b,2026-10-09,nonsense\n")
    summary, _ = FileSource(path).preflight()
    assert "20,000 of the first 20,000 lines" in summary
    source = FileSource(path)
    assert sum(len(batch) for batch in source.transactions(OCTOBER)) == 400_000
    quality = source.data_quality()
    assert quality is not None
    assert [issue.kind for issue in quality.issues] == ["unreadable_amount", "duplicate"]


def test_a_file_source_shares_the_labels_of_its_customers(tmp_path: Path) -> None:
    """No line carries the text of its customer, in memory or in partition files."""
    path = tmp_path / "sales.csv"
    lines = [f"c{line % 7},2026-10-05,{line}\n" for line in range(5000)]
    path.write_text("customer,date,amount\n" + "".join(lines))
    for memory in ("2GB", "100MB"):
        batches = list(FileSource(path, memory=memory, spill=str(tmp_path)).transactions(OCTOBER))
        assert {id(batch.labels) for batch in batches} == {id(batches[0].labels)}
        assert batches[0].labels is not None
        assert batches[0].labels.tolist() == [f"c{number}" for number in range(7)]
        assert sum(batch.amount.sum() for batch in batches) == sum(range(5000))


def test_lines_after_the_window_are_future_ones(tmp_path: Path) -> None:
    """Lines of the end of the window and later are counted apart from those before it."""
    path = tmp_path / "sales.csv"
    path.write_text(
        "customer,date,amount\n1,2026-10-05,7\n1,2020-01-01,5\n1,2026-11-01,3\n2,2027-01-01,3\n"
    )
    source = FileSource(path)
    assert [len(batch) for batch in source.transactions(OCTOBER)] == [1]
    quality = source.data_quality()
    assert quality is not None
    issues = [(issue.kind, issue.count, issue.amount) for issue in quality.issues]
    assert issues == [("future_date", 2, 6.0), ("outside_window", 1, 5.0)]


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
    options = dict(inspect.signature(FileSource).parameters)
    limits = dict(inspect.signature(FileReading).parameters)
    assert [options.pop(name).default for name in ("memory", "spill")] == [
        limits[name].default for name in ("memory", "spill")
    ]
    assert list(reading.values()) == list(options.values())
