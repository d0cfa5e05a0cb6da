"""``abcxyz demo`` for a new user."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from attrs import frozen

from abcxyz.cli import main
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.sales.calendar import UNITS
from abcxyz.i18n import catalogue

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("xlsxwriter")
pytest.importorskip("jinja2")


ROOT = Path(__file__).resolve().parent.parent.parent


@frozen
class Demo:
    """What a demonstration wrote below its working directory, and what it printed."""

    out: Path
    printed: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Demo]:
    """Run the demonstration, once for each language."""

    @cache
    def run(lang: str) -> Demo:
        folder = tmp_path_factory.mktemp(f"demo-{lang}")
        words = ["demo"] if lang == "en" else ["demo", "--lang", lang]
        printed = io.StringIO()
        with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
            assert 0 == main(words)
        return Demo(folder / "out", printed.getvalue())

    return run


def test_the_four_files_agree(demo: Callable[[str], Demo]) -> None:
    """CSV, workbook, JSON and page have the same customers; the matrix is printed."""
    out, printed = demo("en").out, demo("en").printed

    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    counts = {segment: cell["customers"] for segment, cell in summary["matrix"].items()}
    with (out / "segments.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    book = openpyxl.load_workbook(out / "segments.xlsx")
    sheet = [row[2] for row in book["Customers"].iter_rows(min_row=2, values_only=True)]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert sum(counts.values()) == summary["customers"] > 200
    assert counts == {s: sum(row["Segment"] == s for row in rows) for s in SEGMENTS}
    assert [row["Segment"] for row in rows] == [segment or "" for segment in sheet]
    assert rows[0]["Customer"] in page
    assert all(f" {count}" in printed for count in counts.values())


def test_the_crm_is_on_the_page_and_in_a_folder(
    demo: Callable[[str], Demo], capsys: pytest.CaptureFixture[str]
) -> None:
    """The command reads the folder and finds what the demonstration reported."""
    out = demo("en").out
    reports = json.loads((out / "summary.json").read_text(encoding="utf-8"))["crm"]["reports"]
    assert {"funnel", "losses", "managers", "sources", "cycle", "stuck", "sla"} <= set(reports)
    classes = [one["customer_class"] for one in reports["activity"]["classes"]]
    assert ["A", "B", "C"] == classes[:3]  # those of the sales
    page = (out / "report.html").read_text(encoding="utf-8")
    assert [] == [
        name for name in ("funnel", "losses", "sla") if f'id="en-crm-{name}"' not in page
    ]
    words = ["crm", "all", str(out / "crm"), "--zone", "Europe/Moscow", "--as-of", "2026-11-01"]
    assert 0 == main([*words, "--from", "2025-11-01", "--to", "2026-10-31", "--json"])
    read = json.loads(capsys.readouterr().out)
    assert [] == read["quality"] or {"lost_with_amount"} == {
        one["kind"] for one in read["quality"]
    }
    for name in ("funnel", "losses", "managers", "sources", "cycle", "snapshot", "stuck"):
        assert reports[name] == read["reports"][name], name


def test_an_anonymous_demonstration_writes_no_crm(tmp_path: Path) -> None:
    """Its customers have the identifiers of the sales."""
    with contextlib.chdir(tmp_path), contextlib.redirect_stdout(io.StringIO()):
        assert 0 == main(["demo", "--customers", "20", "--anonymize"])
    assert not (tmp_path / "out" / "crm").exists()
    assert (tmp_path / "out" / "report.html").exists()


def test_every_segment_is_shown(demo: Callable[[str], Demo]) -> None:
    """The demonstration data fill all nine segments."""
    summary = json.loads((demo("en").out / "summary.json").read_text(encoding="utf-8"))
    assert [] == [s for s, cell in summary["matrix"].items() if not cell["customers"]]


def test_money_has_kopecks_only(demo: Callable[[str], Demo]) -> None:
    """Sums in the CSV have no binary rounding noise."""
    with (demo("ru").out / "segments.csv").open(encoding="utf-8-sig", newline="") as file:
        money = [row["Сумма"] for row in csv.DictReader(file, delimiter=";")]
    assert [] == [amount for amount in money if len(amount.partition(",")[2]) > 2]


def test_it_speaks_russian(demo: Callable[[str], Demo]) -> None:
    """With ``--lang ru`` the output has no English word except in the path."""
    printed = demo("ru").printed.replace("Записано в out", "")
    assert not set("abcdefghijklmnopqrstuvwxyz") & set(printed)


def test_units_have_names() -> None:
    """Every calendar unit has a Russian name."""
    assert set() == {unit.replace("_", " ") for unit in UNITS} - set(catalogue("ru"))


@pytest.mark.parametrize(
    ("page", "lang"),
    [
        ("README.md", "en"),
        ("docs/tutorials/first-steps.md", "en"),
        ("docs/tutorials/first-steps.ru.md", "ru"),
    ],
)
def test_pages_show_what_it_prints(page: str, lang: str, demo: Callable[[str], Demo]) -> None:
    """The documentation pages show the printed matrix."""
    matrix = demo(lang).printed.split("\n\n")[2].replace("\N{NO-BREAK SPACE}", " ")
    assert matrix in (ROOT / page).read_text(encoding="utf-8")
