"""Grades of leads: of the job, described by attributes, unknown, and refused ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.companies.fns import data_sets as made
from tests.questions import worlds
from tests.questions.test_answers import ask

from abcxyz.cli import main
from abcxyz.companies.fns.build import build_index
from abcxyz.core.prospects.scorecard import DEFAULT
from abcxyz.core.prospects.scores import score_prospect
from abcxyz.questions import QuestionData, QuestionError, available

LARGE = {"turnover": 3e9, "employees": 900}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> QuestionData:
    return worlds.everything(tmp_path_factory.mktemp("leads"))


def test_a_lead_of_the_job_and_one_described_alike_have_one_grade(data: QuestionData) -> None:
    named = ask(data, "score_lead", lead="l_7")
    described = ask(data, "score_lead", attributes=LARGE)
    assert named.value == described.value
    expected = score_prospect(LARGE)
    assert (named.value["grade"], named.value["score"]) == (expected.grade, expected.score)
    assert named.value["points"] == dict(expected.points)
    assert named.value["reasons"] == list(expected.reasons)
    assert named.sentence == expected.explain()
    assert named.definition.endswith("Only: lead = L_7.")
    assert "not the probability that it buys" in named.definition
    assert described.definition.endswith("Only: turnover = 3000000000.0, employees = 900.")
    russian = ask(data, "score_lead", lead="L_7", lang="ru")
    assert russian.value["reasons"] == list(expected.reasons_in("ru"))


def test_what_is_not_known_is_said_and_near_names_are_only_offered(data: QuestionData) -> None:
    little = ask(data, "score_lead", lead="L_9")
    assert (little.status, little.value) == ("unknown", None)
    assert little.sentence.endswith("Find out: turnover, number of employees.")
    # A lead of the CRM that the job has not graded.
    other = ask(data, "score_lead", lead="L_8")
    assert (other.status, other.value) == ("unknown", None)
    assert ask(data, "score_lead", attributes={}).status == "unknown"
    near = ask(data, "score_lead", lead="L_77")
    assert [(one.argument, one.id) for one in near.choices] == [("lead", "L_7")]
    out = ask(data, "score_lead", attributes={"status": "bankrupt"})
    assert (out.value["grade"], out.value["against"]) == ("P-C", ["the firm is bankrupt"])


@pytest.mark.parametrize(
    ("arguments", "code", "fix"),
    [
        ({}, "bad_argument", "either lead or attributes"),
        ({"lead": "L_7", "attributes": LARGE}, "bad_argument", "either lead or attributes"),
        ({"lead": "nobody"}, "bad_argument", "names of lead"),
        ({"attributes": {"turnovr": 3e9}}, "bad_argument", "turnover, employees, industry"),
        ({"attributes": {**LARGE, "age": 31}}, "not_allowed", "turnover, employees, industry"),
        ({"attributes": {"Дата рождения": "1990"}}, "not_allowed", "attributes of the company"),
        ({"attributes": {"turnover": "much"}}, "bad_argument", "change the argument"),
        ({"attributes": ["turnover"]}, "bad_argument", "an object"),
    ],
)
def test_what_cannot_be_graded_is_refused_with_a_cure(
    data: QuestionData, arguments: dict[str, Any], code: str, fix: str
) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(data, "score_lead", **arguments)
    assert caught.value.code == code
    assert fix in caught.value.to_dict()["fix"]
    assert caught.value.to_dict("ru")["fix"] != caught.value.to_dict()["fix"]


def test_a_scorecard_decides_the_grade_and_without_one_there_is_no_question() -> None:
    crm, today = worlds.crm(), lambda: worlds.TODAY
    strict = QuestionData(crm=crm, today=today, scorecard=evolve(DEFAULT, cuts=(90.0, 86.0)))
    assert ask(strict, "score_lead", attributes=LARGE).value["grade"] == "P-C"
    bare = QuestionData(crm=crm, today=today)
    assert "score_lead" not in {one.name for one in available(bare)}
    with pytest.raises(QuestionError, match="not there: scorecard") as caught:
        ask(bare, "score_lead", attributes=LARGE)
    assert caught.value.code == "unavailable"


def test_the_command_grades_by_the_scorecard_of_the_job(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"CO_{i},2026-{month:02}-05,{100 * i}" for i in range(1, 4) for month in range(1, 7)]
    (tmp_path / "sales.csv").write_text("\n".join(["customer,date,amount", *rows]))
    (tmp_path / "card.json").write_text(evolve(DEFAULT, cuts=(90.0, 40.0)).to_json())
    build_index(made.write_sets(tmp_path / "sets"), tmp_path / "companies.db", built=worlds.TODAY)
    (tmp_path / "job.toml").write_text(
        '[window]\nperiod = "6M"\n\n[[source]]\nkind = "file"\npath = "sales.csv"\n\n'
        '[enricher]\nkind = "fns"\npath = "companies.db"\nscorecard = "card.json"\n\n'
        '[[sink]]\nkind = "json"\npath = "out.json"\n'
    )
    job = ["--job", str(tmp_path / "job.toml"), "--json", "--lang", "en"]
    assert main(["ask", "score a lead with turnover 3 billion and 900 employees", *job]) == 0
    value = json.loads(capsys.readouterr().out)["value"]
    assert (value["grade"], value["score"]) == ("P-B", 85.0)
