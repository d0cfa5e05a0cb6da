"""Files of customers, against a plain writer of the standard library."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.conftest import demo, hostile  # noqa: F401 - fixtures

from abcxyz import Analysis
from abcxyz._coded import Coded
from abcxyz.builtin import jsonl_sink
from abcxyz.builtin.csv_sink import CsvSink
from abcxyz.builtin.jsonl_sink import JsonLinesSink
from abcxyz.tables.export.csv_table import csv_bytes, harmless
from abcxyz.tables.export.records import customer_records
from abcxyz.tables.export.summary import Column, customer_table


@pytest.fixture(params=["demo", "hostile"])
def analysis(request: pytest.FixtureRequest) -> Analysis:
    made: Analysis = request.getfixturevalue(request.param)
    return made


def test_a_csv_is_that_of_the_standard_library(analysis: Analysis, tmp_path: Path) -> None:
    """The file holds the bytes that `csv.writer` writes for the same cells."""
    CsvSink(tmp_path / "out.csv").write(analysis, dry_run=False)

    def cells(row: tuple[Any, ...]) -> Iterator[str]:
        for cell in row:
            if isinstance(cell, float):
                yield f"{cell:.15g}"
            else:
                text = "" if cell is None else str(cell).replace("\0", "\N{REPLACEMENT CHARACTER}")
                yield harmless(text)

    stream, table = io.StringIO(), customer_table(analysis)
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(table)
    writer.writerows(cells(row) for row in zip(*table.values(), strict=True))
    assert (tmp_path / "out.csv").read_bytes() == stream.getvalue().encode("utf-8", "replace")


def test_json_lines_are_those_of_the_standard_library(analysis: Analysis, tmp_path: Path) -> None:
    """The file holds the bytes that `json.dumps` writes, record by record."""
    JsonLinesSink(tmp_path / "out.jsonl").write(analysis, dry_run=False)
    lines = [
        json.dumps(one, ensure_ascii=False, allow_nan=False) + "\n"
        for one in customer_records(analysis)
    ]
    written = (tmp_path / "out.jsonl").read_bytes()
    assert written == "".join(lines).encode("utf-8", "replace")
    assert len(lines) == len(analysis.snapshot)


@given(
    st.lists(
        st.none()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(-(10**6), 10**12).map(lambda cents: cents / 100)
        | st.builds(
            lambda digit, power: digit * 10.0**power, st.integers(1, 99), st.integers(-9, 9)
        ),
        min_size=1,
        max_size=60,
    ),
    st.text(max_size=6) | st.sampled_from(["a\u2028b", "\u2029"]),
)
def test_many_json_lines_are_those_of_few(numbers: list[float | None], text: str) -> None:
    """Lines put together by pyarrow hold the bytes that `json.dumps` writes."""
    pytest.importorskip("pyarrow")
    rows = list(range(len(numbers)))
    known = [math.nan if one is None else one for one in numbers]
    columns: dict[str, Column] = {
        "customer": [f"{text}{row}" for row in rows],
        "value": np.array(known, dtype=np.float64),
        "class": Coded(np.arange(len(rows)) % 3 - 1, (text, "B", None)),
        "orders": np.array(rows),
        "id": [(text, row) for row in rows],
    }
    plain_columns = {
        **columns,
        "value": numbers,
        "class": [(None, text, "B")[row % 3] for row in rows],
        "orders": rows,
    }
    table = zip(*plain_columns.values(), strict=True)
    records = (dict(zip(columns, row, strict=True)) for row in table)
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records)
    lines = lines.replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")
    assert jsonl_sink._table(columns) == lines.encode("utf-8", "replace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl_sink, "_ARROW_PAYS", 1)
        patch.setattr(jsonl_sink, "_ROWS", 7)
        assert jsonl_sink._table(columns) == lines.encode("utf-8", "replace")


@given(st.text(alphabet=st.sampled_from(';,"\r\n\0 =+-@\ufeffяx1'), max_size=8))
def test_any_cell_is_read_back(cell: str) -> None:
    """Quoting loses nothing, in both formats."""
    for lang, separator in (("en", ","), ("ru", ";")):
        content = csv_bytes({"Customer": [cell], "Name": [cell]}, lang, escape_formulas=False)
        text = content.decode("utf-8-sig")
        _, row = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        assert row == [cell.replace("\0", "\N{REPLACEMENT CHARACTER}")] * 2


def test_an_identifier_of_several_values(demo: Analysis, tmp_path: Path) -> None:  # noqa: F811
    """A tuple is one JSON value, though it holds several."""
    ids = np.empty(len(demo.snapshot), dtype=object)
    ids[:] = [("shop", i) for i in range(len(ids))]
    changed = attrs.evolve(demo, snapshot=attrs.evolve(demo.snapshot, customers=ids))
    JsonLinesSink(tmp_path / "out.jsonl").write(changed, dry_run=False)
    read = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert sorted(one["customer"] for one in read) == [["shop", i] for i in range(len(ids))]


def test_pandas_is_not_loaded_for_json_lines() -> None:
    """Loading it takes as long as writing a hundred thousand customers."""
    pytest.importorskip("pyarrow")
    code = """
import sys
import numpy as np
from abcxyz.builtin import jsonl_sink
from abcxyz._coded import Coded
n = jsonl_sink._ARROW_PAYS
columns = {
    "customer": [f"C{i}" for i in range(n)],
    "name": Coded(np.arange(n) % 2, ("\u042f", None)),
    "value": np.arange(n) / 3e7,
    "orders": np.arange(n),
}
assert jsonl_sink._table(columns).count(b"\\n") == n
print("pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_recommendations_of_many_are_those_of_each(analysis: Analysis) -> None:
    """Texts and channels in one pass equal those of the single actions."""
    actions = analysis.actions
    assert actions is not None
    places = np.arange(len(actions))[::-1]
    for lang in ("en", "ru"):
        assert actions.texts(lang, places) == [actions[i].text(lang) for i in places.tolist()]
    assert actions.texts() == [actions[i].text() for i in range(len(actions))]
    assert actions.channels() == [actions[i].channel for i in range(len(actions))]
