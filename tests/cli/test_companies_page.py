"""Customers of a job with an index of organisations, as filters of its page."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.companies.fns import data_sets as made
from tests.report.page.unpack import columns_of

from abcxyz.cli import main

JOB = """
[window]
period = "3M"

[[source]]
kind = "csv"
path = "sales.csv"

[[enricher]]
kind = "fns"
path = "companies.db"

[[sink]]
kind = "html"
path = "page.html"
"""


def test_a_job_filters_its_page_by_what_is_public(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Industry, region and size of customers come from their INN to the page; unknown is none."""
    pytest.importorskip("jinja2")
    monkeypatch.chdir(tmp_path)
    assert main(["companies", "build", str(made.write_sets(tmp_path / "sets"))]) == 0
    customers = {made.BUILDER: 900, made.PLANT: 500, made.PERSON: 100, "9715000051": 50}
    lines = [
        f"2026-{month:02}-03,{inn},{amount}"
        for month in (8, 9, 10)
        for inn, amount in customers.items()
    ]
    Path("sales.csv").write_text("\n".join(["date,customer,amount", *lines]), encoding="utf-8")
    Path("job.toml").write_text(JOB, encoding="utf-8")
    capsys.readouterr()
    assert main(["run", "job.toml", "--as-of", "2026-11-01", "--apply", "--json"]) == 0
    assert "fns: 2 of 3 organisations found" in capsys.readouterr().out
    page = Path("page.html").read_text(encoding="utf-8")
    columns = columns_of(page)
    shown = {
        one["name"]: {
            customer: one["choices"][k] if k >= 0 else None
            for customer, k in zip(columns["id"], one["code"], strict=True)
        }
        for one in columns["attributes"]
    }
    unknown = dict.fromkeys((made.PERSON, "9715000051"))
    assert shown["industry"] == {made.BUILDER: "F", made.PLANT: "C", **unknown}
    assert shown["region"] == {made.BUILDER: "77", made.PLANT: "54", **unknown}
    assert shown["size"] == {made.BUILDER: "micro", made.PLANT: "medium", **unknown}
