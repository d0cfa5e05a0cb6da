"""Third language from catalogues alone, in every output."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from tests.toolkit.packages import GERMAN, Make, make

import abcxyz
from abcxyz import (
    Playbook,
    build_matrix,
    classify_abc,
    classify_cv,
    score_prospect,
    tag,
    transitions,
)
from abcxyz.builtin.csv_sink import CsvSink
from abcxyz.cli import main
from abcxyz.cli.output.analysis_text import render
from abcxyz.config import read_job
from abcxyz.i18n import LANGUAGES, text
from abcxyz.report import render_html, render_workbook
from abcxyz.testing import make_analysis
from abcxyz.toolkit.catalogue import register

__all__ = ["make"]

PHRASES = """
"revenue" = "Umsatz"
"Customers" = "Kunden"
"Customer" = "Kunde"
"Value" = "Wert"
"is above the mean {first}" = "liegt über dem Mittel {first}"
"; {share} of {metric}" = "; {share} vom {metric}"
"down: {before}, then {after}" = "gefallen: {before}, dann {after}"
"{sentence}; {before}, then {after}" = "{sentence}; {before}, dann {after}"
"AX - Priority customer" = "AX - Vorrangiger Kunde"
"A lead of high potential" = "Ein Lead mit hohem Potenzial"
"Find a customer" = "Kunden suchen"
"Window: {first} to {last}" = "Zeitraum: {first} bis {last}"
"there is no customer {customer!r} here" = "den Kunden {customer!r} gibt es hier nicht"
"""


DAYS = ("2025-12-01", "2026-03-01", "2026-06-01", "2026-10-01")


@pytest.fixture
def german(make: Make) -> str:
    """Register a package that brings German, with twins for some phrases."""
    name = make("german_words", de__language=GERMAN, de__words=PHRASES)
    register(name)
    return name


@pytest.mark.usefixtures("german")
class TestGerman:
    """Translated texts are German, others English, and numbers German."""

    def test_results_explain_themselves(self) -> None:
        """Explanations of classes, matrix, transitions, tags and leads are German."""
        abc = classify_abc([58140, 22978])
        assert "A: 58.140 liegt über dem Mittel 40.559; 71,67 % vom Umsatz" == abc.explain(0, "de")
        assert "not classified" in classify_abc([1, None]).explain(1, "de")
        matrix = build_matrix(classify_abc([90, 10]), classify_cv([0.1, 0.9]))
        assert "AX: 1 of 2 customers (50,00 %), 90 of 100 (90,00 %)" == matrix.explain("AX", "de")
        moves = transitions([0], [1], money_before=[90], money_after=[45.5])
        assert "gefallen: A, dann B; 90, dann 45,50" == moves.explain(0, "de")
        assert "AX - Vorrangiger Kunde" == tag("AX", "de") == abcxyz.TAGS["de"]["AX"]

    def test_leads_are_scored_in_german(self) -> None:
        """A score record has a sentence per language under a separate key."""
        one = score_prospect({"turnover": 3e9, "employees": 900})
        assert one.explain("de").startswith("Ein Lead mit hohem Potenzial. Large firm.")
        record = one.to_record()
        assert record["sentence_de"] == one.explain("de")
        assert {"sentence", "sentence_ru", "reasons_ru", "reasons_de"} <= set(record)

    def test_a_playbook_may_speak_german(self) -> None:
        """A user's file may have German texts; missing ones are English."""
        book = Playbook.from_dict({"segments": {"AX": {"de": "Anrufen", "hint_de": "Hallo"}}})
        advice = book.advice["AX"]
        assert ("Anrufen", "Hallo") == (advice.text["de"], advice.hint["de"])
        assert "Priority service, personal offers, regular calls" == advice.text["en"]
        other = book.advice["BX"].text
        assert other["en"] == other.in_language("de")

    def test_a_report_and_a_terminal_take_it(self, tmp_path: Path) -> None:
        """Page, workbook, CSV and terminal have German headings, numbers and dates."""
        pytest.importorskip("jinja2")
        pytest.importorskip("xlsxwriter")
        analysis = make_analysis()
        page = render_html(analysis, lang="de")
        assert '<html lang="de"' in page
        assert "Kunden suchen" in page
        assert "Deutsch</button>" in page
        shown = render(analysis, "de")
        assert "Zeitraum: 01.11.2025 bis 31.10.2026" in shown
        sink = CsvSink(tmp_path / "a.csv", lang="de")
        sink.write(analysis, dry_run=False)
        first, second, *_ = (tmp_path / "a.csv").read_text("utf-8-sig").splitlines()
        assert first.startswith("Kunde;")
        assert ";" in second
        (tmp_path / "a.xlsx").write_bytes(render_workbook(analysis, lang="de"))
        with zipfile.ZipFile(tmp_path / "a.xlsx") as book:
            assert "Kunden" in book.read("xl/sharedStrings.xml").decode()
            assert "dd.mm.yyyy" in book.read("xl/styles.xml").decode()

    def test_the_command_line_and_a_job_take_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """``--lang de`` is accepted, and so is ``lang = "de"`` in a job."""
        sales = tmp_path / "sales.csv"
        lines = [f"{who},{day},{10 * who}" for who in (1, 2, 3) for day in DAYS]
        sales.write_text("\n".join(["customer,date,amount", *lines]))
        assert 0 == main(["classify", str(sales), "--as-of", "2026-11-01", "--lang", "de"])
        assert "Zeitraum: 01.11.2025 bis 31.10.2026" in capsys.readouterr().out
        job = tmp_path / "job.toml"
        job.write_text(
            f'[[source]]\nkind = "file"\npath = {json.dumps(str(sales))}\n'
            '[history]\npath = "h.sqlite"\n[report]\nlang = "de"\n'
        )
        assert "de" == read_job(job).lang


def test_without_it_the_language_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """A language without a package is refused with the known ones."""
    with pytest.raises(SystemExit):
        main(["demo", "--lang", "de"])
    assert "en, ru" in capsys.readouterr().err.replace("'", "")


def test_a_plugin_brings_its_language(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An installed package is loaded when its language is requested."""
    name = make("german_plugin", de__language=GERMAN, de__words=PHRASES)
    code = "from abcxyz.toolkit import register\n\nregister(__name__)\n"
    (tmp_path / name / "__init__.py").write_text(code)
    info = tmp_path / "german_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: german_plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[abcxyz]\nde = german_plugin\n")
    assert "de" not in LANGUAGES

    assert 0 == main(["plugins", "--lang=de"])
    assert "german_plugin" not in capsys.readouterr().err
    assert "de" in LANGUAGES
    assert "Kunden" == text("Customers", "de")


def test_a_job_loads_its_language(make: Make, tmp_path: Path) -> None:
    """A job loads the package of its language."""
    name = make("german_for_jobs", de__language=GERMAN)
    code = "from abcxyz.toolkit import register\n\nregister(__name__)\n"
    (tmp_path / name / "__init__.py").write_text(code)
    info = tmp_path / "german_for_jobs-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: german_for_jobs\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[abcxyz]\nde = german_for_jobs\n")
    (tmp_path / "job.toml").write_text(
        '[[source]]\nkind = "csv"\npath = "s.csv"\n[history]\npath = "h.sqlite"\n'
        '[report]\nlang = "de"\n'
    )
    assert "de" not in LANGUAGES
    assert "de" == read_job(tmp_path / "job.toml").lang
