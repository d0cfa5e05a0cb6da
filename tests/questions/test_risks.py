"""Deals at risk: the report of all deals, filtered, paged, and with its reasons in words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from tests.questions import worlds
from tests.questions.test_answers import ask

from abcxyz.cli import main
from abcxyz.crm import CrmData, Deals, StageChanges, StageMap, deal_risks
from abcxyz.questions import QuestionData, QuestionError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> QuestionData:
    return worlds.everything(tmp_path_factory.mktemp("risks"))


def test_the_deals_are_those_of_the_report_the_most_money_first(data: QuestionData) -> None:
    answer = ask(data, "risk_deals")
    report = deal_risks(worlds.crm())
    assert [one["deal"] for one in answer.value] == [str(one.deal) for one in report.deals]
    assert answer.rows == 4
    assert answer.sentence == (
        "4 of 4 open deals are at risk, and with them 780. First comes deal 106: "
        f"{report.deals[0].evidence()}."
    )
    assert answer.value[0] == {
        "deal": "106",
        "funnel": "0",
        "stage": "Ожидание оплаты",
        "owner": "17",
        "owner_name": "Иванов Иван",
        "customer": "CO_12",
        "customer_name": "Acme Ltd",
        "at_risk": 500.0,
        "amount": 500.0,
        "probability": None,
        "reasons": report.deals[0].reasons(),
    }
    # Two decided deals teach no probability, and one deal has no amount.
    assert [one.code for one in answer.warnings] == ["without_amount", "no_learned_probability"]


def test_filters_choose_among_the_deals_at_risk(data: QuestionData) -> None:
    large = ask(data, "risk_deals", min_money=200)
    assert large.first_ids == ("106", "102")
    assert large.sentence.startswith("2 of 4 open deals have at least 200 at risk, 750 in all.")
    assert large.definition.endswith("Only: min_money = 200.")
    assert ask(data, "risk_deals", min_money=30.0).rows == 3
    assert ask(data, "risk_deals", owner="Иванов Иван").first_ids == ("106",)
    assert ask(data, "risk_deals", funnel="2").first_ids == ("104",)
    nothing = ask(data, "risk_deals", min_money=1e6)
    assert (nothing.value, nothing.rows) == ([], 0)
    assert ask(data, "risk_deals", owner="Иванов").status == "choose"


def test_a_day_of_the_past_and_the_class_of_the_customer_enter(data: QuestionData) -> None:
    answer = ask(data, "risk_deals", as_of="2026-10-15")
    assert answer.first_ids == ("102", "103", "104")
    # By the snapshot known then, the customers of the first and the last are of class A.
    of_class_a = ["the customer is of class A" in one["reasons"] for one in answer.value]
    assert of_class_a == [True, False, True]


def test_pages_add_up(data: QuestionData) -> None:
    first = ask(data, "risk_deals", limit=3)
    second = ask(data, "risk_deals", limit=3, cursor=first.next_cursor)
    assert [*first.value, *second.value] == ask(data, "risk_deals").value
    assert second.next_cursor is None
    with pytest.raises(QuestionError) as caught:
        ask(data, "risk_deals", limit=3, min_money=1, cursor=first.next_cursor)
    assert caught.value.code == "stale_cursor"


def test_a_probability_is_shown_where_there_are_enough_decided_deals() -> None:
    count = 80
    created = np.datetime64("2026-01-05T09:00:00", "s") + np.arange(count) * np.timedelta64(3, "D")
    last = ["NEW" if i >= 70 else "WON" if i % 2 else "LOSE" for i in range(count)]
    decided = np.array(last) != "NEW"
    moved = created + np.timedelta64(9, "D")
    stages = StageMap({"0": worlds.STAGES.funnels["0"]})
    crm = CrmData(
        deals=Deals(
            deal=list(range(count)), funnel=["0"] * count, stage=last, created=created,
            amount=[100.0] * count,
        ),
        changes=StageChanges(
            deal=np.concatenate([np.arange(count), np.flatnonzero(decided)]),
            stage=["NEW"] * count + [one for one in last if one != "NEW"],
            entered=np.concatenate([created, moved[decided]]),
        ),
        stages=stages,
        zone="UTC",
        until=np.datetime64("2026-11-01", "s"),
    )  # fmt: skip
    answer = ask(QuestionData(crm=crm, today=lambda: worlds.TODAY), "risk_deals")
    report = deal_risks(crm)
    assert report.deals
    assert report.win.basis == "stage_rates"
    for row, one in zip(answer.value, report.deals, strict=True):
        assert row["probability"] == round(one.probability, 4)
        assert row["at_risk"] == round(one.at_risk, 2)
    codes = [one.code for one in answer.warnings]
    assert "no_learned_probability" in codes


def test_amounts_in_several_currencies_are_not_compared() -> None:
    crm = worlds.crm()
    deals = evolve(crm.deals, currency=["RUB", "EUR"] * 3)
    mixed = QuestionData(crm=evolve(crm, deals=deals), today=lambda: worlds.TODAY)
    answer = ask(mixed, "risk_deals")
    assert [one["at_risk"] for one in answer.value] == [None] * 4
    assert answer.sentence.startswith("4 of 4 open deals are at risk. First")
    assert "several_currencies" in [one.code for one in answer.warnings]
    with pytest.raises(QuestionError, match="several currencies") as caught:
        ask(mixed, "risk_deals", min_money=100)
    assert caught.value.code == "bad_argument"
    assert caught.value.to_dict("ru")["fix"] == "повторите вызов без min_money"


def test_wrong_money_and_absent_histories_of_stages_are_refused(data: QuestionData) -> None:
    for wrong in (-1, "many", True, float("nan")):
        with pytest.raises(QuestionError, match="min_money cannot be used") as caught:
            ask(data, "risk_deals", min_money=wrong)
        assert caught.value.code == "bad_argument"
    bare = QuestionData(crm=evolve(worlds.crm(), changes=None), today=lambda: worlds.TODAY)
    with pytest.raises(QuestionError, match="not there: changes") as caught:
        ask(bare, "risk_deals")
    assert caught.value.code == "unavailable"


@pytest.mark.parametrize(
    ("words", "ids"),
    [("сделки под угрозой больше 200", ["2"]), ("risky deals", ["2", "1"])],
)
def test_the_command_answers_in_words(
    words: str, ids: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "deals.csv").write_text(
        "deal,funnel,created,stage,amount,planned\n"
        "1,sales,2026-01-05T09:00:00Z,NEW,100,2026-01-09\n"
        "2,sales,2026-01-06T09:00:00Z,NEW,300,2026-01-09\n"
        "3,sales,2026-03-01T09:00:00Z,NEW,900,2026-03-09\n"
    )
    (tmp_path / "stage_changes.csv").write_text(
        "deal,stage,entered\n1,NEW,2026-01-05T09:00:00Z\n2,NEW,2026-01-06T09:00:00Z\n"
        "3,NEW,2026-03-01T09:00:00Z\n"
    )
    call = ["ask", words, "--crm", str(tmp_path), "--zone", "UTC", "--json"]
    assert main(call) == 0
    assert json.loads(capsys.readouterr().out)["first_ids"] == ids
