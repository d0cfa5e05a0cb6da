"""File sinks, beyond the adapter contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from abcxyz import score_prospects
from abcxyz.builtin.csv_sink import CsvSink
from abcxyz.builtin.json_sink import JsonSink
from abcxyz.builtin.jsonl_sink import JsonLinesSink
from abcxyz.core.analysis.analyze import with_facts
from abcxyz.errors import AdapterError
from abcxyz.testing import make_analysis
from abcxyz.toolkit.files import check_writable


def test_a_line_has_segment_tag_and_recommendation(tmp_path: Path) -> None:
    """A JSON line has segment, tag and recommendation, and null for missing values."""
    analysis = make_analysis(["a", "b", "c"], names={"a": "ООО «Ёлка»"})
    JsonLinesSink(tmp_path / "out.jsonl", lang="ru").write(analysis, dry_run=False)
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    first, _, last = (json.loads(line) for line in lines)
    assert analysis.actions is not None
    assert ("a", "ООО «Ёлка»", "AX", "AX - приоритетный клиент") == (
        *(first["customer"], first["name"], first["segment"], first["tag"]),
    )
    assert analysis.actions[0].text("ru") == first["recommendation"]
    assert float(analysis.snapshot.value[0]) == first["value"]
    assert ("c", None, "", "", None, None) == (
        *(last["customer"], last["name"], last["segment"], last["tag"]),
        *(last["value"], last["cv"]),
    )


def test_leads_have_a_file_of_their_own(tmp_path: Path) -> None:
    """Scored leads are written to the second file, which is empty without leads."""
    leads = tmp_path / "leads.jsonl"
    sink = JsonLinesSink(tmp_path / "out.jsonl", prospects=leads)
    analysis = make_analysis(["a", "b", "c"])
    sink.write(analysis, dry_run=False)
    assert "" == leads.read_text()
    scores = score_prospects({"L1": {"turnover": 3e9, "employees": 900}})
    report = sink.write(with_facts(analysis, prospects=scores), dry_run=False)
    assert 3 == report.written
    assert ("L1", "P-A") == tuple(json.loads(leads.read_text())[key] for key in ("lead", "grade"))


@pytest.mark.parametrize("make", [CsvSink, JsonSink, JsonLinesSink])
def test_preflight_of_a_file_sink_finds_what_is_in_the_way(
    tmp_path: Path, make: type[CsvSink]
) -> None:
    """Preflight fails on a folder in place of the file and the reverse."""
    assert [str(tmp_path / "new" / "out")] == list(make(tmp_path / "new" / "out").preflight())
    assert not (tmp_path / "new").exists()
    with pytest.raises(AdapterError, match="it is a folder"):
        make(tmp_path).preflight()
    (tmp_path / "file").write_text("")
    with pytest.raises(AdapterError, match="file is no folder"):
        make(tmp_path / "file" / "out").preflight()


def test_a_folder_without_rights_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Preflight checks the permissions without writing."""
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(AdapterError, match=f"no right to write to {tmp_path}"):
        check_writable(tmp_path / "out")
