"""Scores of leads."""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.cli import score as command
from abcxyz.core.prospect_card import Scorecard, default_scorecard
from abcxyz.core.prospects import score_prospect, score_prospects
from abcxyz.errors import ConfigError, InputError


@given(
    st.floats(0, 1e12) | st.none(),
    st.integers(0, 10**6) | st.none(),
    st.text(max_size=5),
)
def test_points_add_up(turnover: float | None, staff: int | None, industry: str) -> None:
    """The points of a lead add up to its score exactly, and lie within 0 and 100."""
    one = score_prospect({"turnover": turnover, "employees": staff, "industry": industry})
    assert sum(one.points.values()) == one.score
    assert 0 <= one.score <= 100


@pytest.mark.parametrize(
    ("turnover", "points"),
    [(120e6, 5), (120e6 + 1, 15), (800e6, 15), (2000e6, 28), (2000e6 + 1, 40)],
)
def test_class_limits_belong_to_the_lower_class(turnover: float, points: float) -> None:
    """A firm exactly at a legal limit is still of the lower class."""
    assert points == score_prospect({"turnover": turnover}).points["turnover"]


def test_silence_is_not_low() -> None:
    """A lead of which nothing is known is not scored, rather than P-C."""
    assert score_prospect({}).grade is None
    assert score_prospect({"industry": "retail", "region": "77"}).grade is None


def test_knockout() -> None:
    """A bankrupt giant is P-C for that very reason, with no points."""
    one = score_prospect({"turnover": 9e9, "employees": 999, "status": " Банкротство "})
    assert (one.grade, one.score, one.against_ru) == ("P-C", 0.0, ("компания в банкротстве",))
    assert one.sentence("ru").endswith("Не звонить без проверки.")


def test_priority_industry_is_told_in_russian() -> None:
    """A named priority gives points, a reason and its place in the sentence."""
    data = default_scorecard().to_dict()
    data["attributes"][2]["bins"] = [
        {
            "values": ["Стройка"],
            "points": 20,
            "en": "priority industry",
            "ru": "приоритетная отрасль",
        }
    ]
    one = score_prospect(
        {"turnover": "3 000 000 000,0", "employees": "300", "industry": "стройка"},
        Scorecard.from_dict(data),
    )
    assert (one.score, one.grade) == (95.0, "P-A")
    assert one.sentence("ru") == (
        "Лид с высоким потенциалом. Крупная компания по обороту, крупная компания по "
        "численности, приоритетная отрасль. Рекомендуется личный звонок РОПа."
    )


def test_overdue_and_queue() -> None:
    """Only P-A leads that nobody contacted in time are overdue, and they go to the head."""
    scores = score_prospects({"turnover": [3e9, 3e9, 1.0], "employees": [900, 900, 1]})
    old, now = date(2026, 1, 1), date(2026, 1, 10)
    assert scores.overdue([old] * 3, [None, old, None], as_of=now).tolist() == [0]
    assert scores.to_records()[0]["suggested_queue"] == "head_of_sales"
    assert scores.to_frame()["grade"].tolist() == ["P-A", "P-A", "P-C"]


def test_bad_input_is_refused() -> None:
    """Text in a number's place, uneven columns and wrong cards are refused."""
    with pytest.raises(InputError, match="'many'"):
        score_prospect({"employees": "many"})
    with pytest.raises(InputError, match="lengths"):
        score_prospects({"employees": [1], "turnover": [1, 2]})
    with pytest.raises(ConfigError, match="cannot be read"):
        Scorecard.from_dict({"attributes": [{"nam": "x"}]})


def test_card_survives_json() -> None:
    """A scorecard written to JSON reads back as itself."""
    card = default_scorecard()
    assert card == Scorecard.from_dict(json.loads(json.dumps(card.to_dict())))


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints one JSON object per lead and keeps hostile ids as they are."""
    file = tmp_path / "leads.csv"
    file.write_text("lead;turnover;employees\n<b>=1;3000000000;900\n", encoding="utf-8")
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    assert command.run(parser.parse_args(["score", str(file), "--json"])) == 0
    assert json.loads(capsys.readouterr().out)["lead"] == "<b>=1"
    bad = parser.parse_args(["score", str(file), "--scorecard", str(tmp_path / "no.toml")])
    assert command.run(bad) == 2
