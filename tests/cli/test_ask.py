"""``abcxyz ask``: answers, proposals, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.questions import worlds

from abcxyz.cli import main


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(worlds.history(tmp_path_factory.mktemp("ask") / "h.db"))


def test_a_question_is_answered_in_its_language(
    history: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "какой", "сегмент", "CO_5", "--history", history]) == 0
    assert "сегмент" in capsys.readouterr().out
    assert main(["ask", "who is in segment A", "--history", history, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["first_ids"][0] == "CO_9"


def test_a_misspelt_word_is_proposed_and_run_by_its_number(
    history: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "покажи матрцу", "--history", history]) == 1
    assert "1. matrix()" in capsys.readouterr().out
    assert main(["ask", "покажи матрцу", "--history", history, "--yes", "1"]) == 0
    assert main(["ask", "покажи матрцу", "--history", history, "--yes", "2"]) == 2


def test_what_cannot_be_answered_says_what_to_do(
    history: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["ask", "how many deals", "--history", history, "--lang", "en"]) == 2
    assert "start with a source of crm" in capsys.readouterr().err
    assert main(["ask", "which weather", "--history", history]) == 1
    assert main(["ask", "forecast", "--history", history, "--lang", "en"]) == 1
    assert "Sales cannot be forecast" in capsys.readouterr().out
    assert main(["ask", "matrix", "--history", str(tmp_path / "absent.db")]) == 2
    assert main(["ask", "matrix", "--history", history, "--explain", "--json"]) == 0
    assert "matrix()" in capsys.readouterr().err
