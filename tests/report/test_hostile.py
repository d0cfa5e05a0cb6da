"""Hostile names in CSV and JSON output."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from tests.report.conftest import HOSTILE

from abcxyz import Analysis
from abcxyz.builtin.csv_sink import CsvSink
from abcxyz.builtin.json_sink import JsonSink


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_csv_keeps_names_and_runs_nothing(hostile: Analysis, tmp_path: Path, lang: str) -> None:
    """Names are complete, with an apostrophe before spreadsheet formulas."""
    CsvSink(tmp_path / "a.csv", lang=lang).write(hostile, dry_run=False)

    text = (tmp_path / "a.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";" if lang == "ru" else ","))

    assert 1 + len(hostile.snapshot) == len(rows)
    assert {11} == {len(row) for row in rows}
    assert not [cell for row in rows for cell in row if cell[:1] in "=@" and cell]
    names = {row[1].removeprefix("'") for row in rows[1:]}
    for name in HOSTILE:
        if len(name) < 90:
            assert (
                name.replace("\x00", "\N{REPLACEMENT CHARACTER}").replace("\ud800", "?") in names
            )


def test_json_is_only_data(hostile: Analysis, tmp_path: Path) -> None:
    """The summary is strict JSON without NaN, and example lines are strings."""
    JsonSink(tmp_path / "a.json").write(hostile, dry_run=False)

    def refuse(constant: str) -> object:
        raise AssertionError(constant)

    data = json.loads((tmp_path / "a.json").read_text("utf-8"), parse_constant=refuse)
    examples = data["quality"]["issues"][0]["examples"]
    assert [name.replace("\ud800", "?") for name in HOSTILE] == examples
