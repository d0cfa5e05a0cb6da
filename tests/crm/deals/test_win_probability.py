"""Win probability: proof by later time, refusals, leaks, reasons, and the model file."""

from __future__ import annotations

import functools
import json
import math
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from abcxyz.cli import main
from abcxyz.core.sales.calendar import Window
from abcxyz.crm import (
    CrmData,
    Deals,
    Values,
    WinModel,
    WinProbability,
    analyze_crm,
    deal_risks,
    fit_win_model,
    text_column,
    win_probability,
)
from abcxyz.crm.deals.examples import Landmarks, examples_of
from abcxyz.crm.deals.features import DealFeatures
from abcxyz.crm.deals.fields import check_field, known_fields
from abcxyz.crm.deals.win_model import places_of
from abcxyz.crm.records.data import as_local
from abcxyz.crm.records.stages import StageMap
from abcxyz.errors import ConfigError, InputError
from abcxyz.toolkit.numbers import number

from .portals import START, moments, portal

WEEK = np.timedelta64(7, "D")


@functools.cache
def telling() -> CrmData:
    return portal()


@functools.cache
def many() -> CrmData:
    """Return a company like that of `telling` with four times as many deals."""
    return portal(6000)


@functools.cache
def learned() -> WinProbability:
    return win_probability(telling())


def test_activity_that_tells_the_outcome_is_learned() -> None:
    made = learned()
    assert made.basis == "learned"
    card, rates = made.model.tried["learned"], made.model.tried["stage"]
    assert card.auc > rates.auc + 0.1
    assert card.brier < rates.brier
    assert made.model.gain is not None
    assert made.model.gain.low > 0
    assert 0.7 <= card.slope <= 1.3
    # Some forty deals in each decile; tests/crm/deals/test_open_data.py judges large companies.
    assert max(abs(one.said - one.true) for one in card.deciles) < 0.15
    assert "better than the stage rates" in made.explain()


def test_nothing_to_learn_leaves_the_stage_rates() -> None:
    made = win_probability(portal(telling=False, seed=3))
    assert (made.basis, made.model.verdict) == ("stage_rates", "not_better")
    assert set(made.model.rates) == {"NEW", "VISIT", "OFFER"}
    assert {one.probability for one in made.deals} <= set(made.model.rates.values())
    assert made.deals[0].reasons()


def test_a_card_that_is_too_certain_of_later_deals_is_refused() -> None:
    """It is better than the stage rates, but what it learned holds for few of the later deals."""
    crm = portal(3000, fading=0.55, seed=2)
    made = win_probability(crm)
    card = made.model.tried["learned"]
    assert made.model.gain is not None
    assert made.model.gain.low > 0
    assert card.slope < 0.7
    assert (made.basis, made.model.verdict) == ("stage_rates", "slope")
    slope = number(card.slope, "en", 2)
    assert f"the calibration slope of the learned card is {slope}, outside" in made.explain()
    assert number(card.slope, "ru", 2) in made.explain("ru")
    assert {one.probability for one in made.deals} <= set(made.model.rates.values())
    assert WinModel.from_json(made.model.to_json()).verdict == "slope"


@pytest.mark.parametrize("limits", [(0.0, 0.5), (1.5, 9.0)])
def test_a_slope_beyond_either_limit_is_refused(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[float, float]
) -> None:
    monkeypatch.setattr("abcxyz.crm.deals.fit_win.SLOPE", limits)
    assert win_probability(telling()).model.verdict == "slope"


def test_reasons_name_the_title_of_the_stage() -> None:
    crm = portal(400, weeks=40)
    named = StageMap(
        {
            funnel: [evolve(one, name=f"Title of {one.id}") for one in stages]
            for funnel, stages in crm.stages.funnels.items()
        }
    )
    made = win_probability(evolve(crm, stages=named))
    assert made.basis == "stage_rates"
    assert {one.stage for one in made.deals} <= {f"Title of {one}" for one in made.model.rates}
    for one in made.deals:
        assert one.reasons()[0].startswith(f"{one.stage}: of the deals in it ")
        assert one.reasons("ru")[0].startswith(f"{one.stage}: ")


def test_figures_of_the_judgement_follow_the_language() -> None:
    made = win_probability(portal(telling=False, seed=3))
    gain = made.model.gain
    assert gain is not None
    assert f"({number(gain.low, 'en', 4)} to {number(gain.high, 'en', 4)})" in made.explain()
    russian = made.explain("ru")
    assert f"{number(gain.low, 'ru', 4)}" in russian
    assert f"{abs(gain.low):.4f}" not in russian
    assert "," in number(gain.low, "ru", 4)


@pytest.mark.parametrize(
    ("deals", "basis", "verdict"), [(400, "stage_rates", "few"), (20, "none", "too_few")]
)
def test_too_few_deals_are_not_learned_from(deals: int, basis: str, verdict: str) -> None:
    crm = portal(deals, weeks=40)
    made = win_probability(crm)
    assert (made.basis, made.model.verdict) == (basis, verdict)
    with pytest.raises(InputError, match="needed"):
        fit_win_model(crm)


def test_what_is_missing_is_named_where_enough_deals_are_decided() -> None:
    """Forty deals are decided, but on few Mondays is the outcome of an open deal known."""
    made = win_probability(portal(60, weeks=8))
    model = made.model
    assert (made.basis, model.verdict) == ("none", "few_examples")
    assert model.won + model.lost >= 30
    assert model.rows < 30
    assert f"only {model.rows} times was a deal open on a past Monday" in made.explain()
    assert "decided deals" not in made.explain()


def test_a_lopsided_outcome_is_not_learned_from() -> None:
    crm = portal()
    kind = [one if one != "LOST" else "WON" for one in crm.changes.stage.tolist()]  # type: ignore[union-attr]
    lost = np.flatnonzero([one == "WON" for one in kind])[::70]
    for place in lost:
        kind[place] = "LOST"
    assert crm.changes is not None
    changed = evolve(crm, changes=crm.changes.with_columns(stage=text_column(kind)))
    assert win_probability(changed).model.verdict in ("lopsided", "few")


def test_without_a_history_of_stages_there_are_no_probabilities() -> None:
    crm = evolve(portal(300, weeks=20), changes=None)
    made = win_probability(crm)
    assert (made.basis, made.model.verdict) == ("none", "no_history")
    assert all(math.isnan(one.probability) for one in made.deals)
    assert "stage_changes" in made.explain()
    with pytest.raises(InputError, match="stage_changes"):
        fit_win_model(crm)


def test_nothing_after_a_landmark_changes_its_features() -> None:
    """Features from the whole records are those of the records cut at the moment."""
    crm = portal(300, weeks=40)
    moment = START + 20 * WEEK
    whole, cut = (DealFeatures(one, known_fields(one)) for one in (crm, crm.as_of(moment)))
    rows, visit = whole.open_at(moment)
    then_rows, then_visit = cut.open_at(moment)
    assert crm.deals.deal[rows].tolist() == cut.crm.deals.deal[then_rows].tolist()
    assert len(rows) > 5
    now, then = whole.at(moment, rows, visit), cut.at(moment, then_rows, then_visit)
    assert list(now) == list(then)
    for name, column in now.items():
        assert column.tolist() == pytest.approx(then[name].tolist(), nan_ok=True), name


def test_hour_and_weekday_are_those_of_a_zone_with_half_an_hour() -> None:
    """Hours there begin at half past those of UTC."""
    crm = portal(50, weeks=8)
    created = crm.deals.created + np.timedelta64(40, "m")
    deals = evolve(crm.deals, created=created)
    crm = evolve(crm, deals=deals, zone="Asia/Kolkata")
    features = DealFeatures(crm, known_fields(crm))
    hour, weekday = features._begun
    local = [as_local(one, "Asia/Kolkata") for one in crm.deals.created]
    assert hour.tolist() == [one.hour for one in local]
    assert weekday.tolist() == [str(one.weekday()) for one in local]


def test_outcomes_are_those_of_the_horizon() -> None:
    """A slow twin counts which deals were open on a Monday, and won within 30 days of it."""
    crm = portal(200, weeks=30)
    features = DealFeatures(crm, known_fields(crm))
    examples, _ = examples_of(features, Landmarks(), 30)
    assert examples is not None
    found = set(zip(examples.unit.tolist(), examples.day.tolist(), strict=True))
    won = dict(
        zip(
            zip(examples.unit.tolist(), examples.day.tolist(), strict=True),
            examples.outcome.tolist(),
            strict=True,
        )
    )
    assert crm.changes is not None
    history: dict[int, list[tuple[Any, str]]] = {}
    for deal, stage, at in zip(
        crm.changes.deal.tolist(), crm.changes.stage.tolist(), crm.changes.entered, strict=True
    ):
        history.setdefault(deal, []).append((at, stage))
    for day in {day for _, day in found}:
        # 00:00 in Moscow is 21:00 of the day before in UTC.
        moment = np.datetime64(day, "D").astype("M8[s]") + np.timedelta64(21, "h")
        for deal, visits in history.items():
            before = [stage for at, stage in visits if at < moment]
            is_open = bool(before) and before[-1] not in ("WON", "LOST")
            assert ((deal, day) in found) == is_open
            if is_open:
                end = moment + np.timedelta64(30, "D")
                assert won[deal, day] == any(
                    stage == "WON" and moment <= at < end for at, stage in visits
                )


def test_a_field_of_the_outcome_is_refused_by_its_name_and_by_its_values() -> None:
    crm = telling()
    kind = crm.outcomes.kind
    zero = np.where(kind == 1, 100.0, np.where(kind == 2, 0.0, np.nan))
    texts = ["" if math.isnan(one) else f"{one:g}" for one in zero]
    with pytest.raises(InputError, match="'close_value' becomes known only when"):
        win_probability(crm, fields={"close_value": texts})
    with pytest.raises(InputError, match="'kappa' is 0 for exactly the lost deals"):
        win_probability(crm, fields={"kappa": texts})
    stamps = [str(one) if one == one else "" for one in crm.outcomes.closed]
    stamps = ["" if one == "NaT" else one for one in stamps]
    with pytest.raises(InputError, match="'kappa' is filled for 100% of the won deals"):
        win_probability(crm, fields={"kappa": stamps})
    flags = np.where(kind == 1, "yes", "no").tolist()
    with pytest.raises(InputError, match="'close_value' becomes known only when"):
        win_probability(crm, fields={"close_value": flags})
    assert win_probability(crm, fields={"close_value": flags}, allow=["close_value"]).deals


def test_a_field_that_tells_the_outcome_alone_is_refused() -> None:
    crm = telling()
    days = (crm.outcomes.closed - START) / np.timedelta64(1, "D")
    guess = np.where(crm.outcomes.kind == 1, days, 5000 + np.arange(len(days)) % 9)
    moments_ = [str(one) for one in moments(np.nan_to_num(guess, nan=5000.0))]
    with pytest.raises(InputError, match="'kappa' alone tells the won deals"):
        win_probability(crm, fields={"kappa": moments_})


@pytest.mark.parametrize("name", ["contact_phone", "birthDate", "Пол клиента", "email"])
def test_fields_of_persons_are_refused_even_if_allowed(name: str) -> None:
    with pytest.raises(InputError, match="describes a person"):
        check_field(name, allow=[name])


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(InputError, match="'colour'"):
        win_probability(telling(), fields=["colour"])


def test_histories_in_the_table_of_values_are_features() -> None:
    crm = portal(300, weeks=40)
    n = len(crm.deals)
    values = Values(
        kind=["deal"] * (3 * n),
        id=np.tile(crm.deals.deal, 3),
        field=["planned"] * (2 * n) + ["amount"] * n,
        at=np.concatenate([crm.deals.created, crm.deals.created + WEEK, crm.deals.created + WEEK]),
        value=["2025-03-01"] * n + ["2025-04-01"] * n + ["700"] * n,
    )
    known = evolve(crm, values=values)
    features = DealFeatures(known, known_fields(known))
    moment = np.datetime64("2025-04-10T21:00:00", "s")
    rows, visit = features.open_at(moment)
    found = features.at(moment, rows, visit)
    old = crm.deals.created[rows] + WEEK < moment
    assert set(found["planned_over"][old].round(3)) == {9.875}
    assert set(found["planned_over"][~old].round(3)) <= {40.875}
    assert found["planned_moves"].tolist() == old.astype(float).tolist()
    assert np.isnan(found["amount"]).tolist() == (~old).tolist()


def test_points_of_the_reasons_add_up_to_the_probability() -> None:
    made = learned()
    model = made.model
    assert model.card is not None
    assert len(model.card.attributes) <= 10
    one = made.deals[0]
    columns = {name: np.array([value]) for name, value in one.facts.items()}
    points = model.points(columns)
    score = sum(float(own[0]) for own in points.values())
    assert model.of_score(np.array([score]))[0] == pytest.approx(one.probability)
    assert 0 <= score <= 100
    assert one.reasons() or one.against()
    assert one.to_dict()["reasons"] == one.reasons()
    assert all(sentence for sentence in one.reasons("ru"))


def test_a_model_file_scores_as_the_model_does() -> None:
    made = learned()
    again = WinModel.from_json(made.model.to_json())
    assert again == made.model
    scored = win_probability(telling(), model=again)
    assert [one.probability for one in scored.deals] == [one.probability for one in made.deals]
    figures = json.loads(made.model.to_json())
    assert figures["as_of"] == str(made.as_of)
    assert figures["n"]["examples"] == made.model.rows
    assert figures["figures"]["learned"]["auc"] == made.model.tried["learned"].auc


@pytest.mark.parametrize(
    "document", ["", "[]", "{}", '{"abcxyz_win_model": 9}', '{"abcxyz_win_model": 1}']
)
def test_what_is_no_model_file_is_refused(document: str) -> None:
    with pytest.raises(ConfigError, match="model of the win probability"):
        WinModel.from_json(document)


def test_each_deal_is_judged_once_at_an_age() -> None:
    crm = telling()
    made = win_probability(crm, age_hours=24, horizon=20)
    assert made.model.rows == made.model.deals
    assert all(math.isnan(one.probability) for one in made.deals if one.facts["age"] < 1)
    old = crm.deals.created[made.deals[-1].deal]
    assert crm.until - old > np.timedelta64(0, "s")


def test_the_past_is_not_read_before_the_records_begin() -> None:
    """Landmarks before the first day of whole records are left out."""
    crm = telling()
    late = win_probability(crm, known_since="2026-01-05")
    assert late.model.rows < learned().model.rows
    made = analyze_crm(crm, as_of="2026-06-15", window=Window("2026-01-05", "2026-06-15"))
    of_job = made.reports["win"]
    assert isinstance(of_job, WinProbability)
    assert of_job.model.rows == late.model.rows


def test_an_earlier_day_knows_nothing_later() -> None:
    crm = telling()
    day = "2026-03-02"
    assert win_probability(crm, day).to_dict() == win_probability(crm.as_of(day)).to_dict()


def test_a_horizon_of_no_days_is_refused() -> None:
    with pytest.raises(InputError, match="horizon"):
        win_probability(telling(), horizon=0)


def test_amounts_that_are_known_only_later_are_named() -> None:
    crm = telling()
    amount = np.where(crm.outcomes.kind == 2, 0.0, crm.amounts)
    amount[crm.outcomes.kind == 0] = np.nan
    made = win_probability(evolve(crm, deals=crm.deals.with_columns(amount=amount)))
    assert "0 for exactly the lost deals" in made.explain()
    assert list(made.left_out) == ["amount"]


def test_result_as_frame_html_and_chart() -> None:
    made = learned()
    frame = made.to_frame()
    assert len(frame) == len(made.deals)
    assert {"deal", "probability", "expected", "reasons"} <= set(frame.columns)
    assert "<table" in made._repr_html_()
    assert str(made.deals[0].deal) in str(made.plot())


def test_a_saved_model_warns_where_the_open_deals_are_of_another_kind() -> None:
    model = learned().model
    assert learned().drift == {}
    assert learned().drift_verdict == "unknown"
    crm = many()
    same = win_probability(crm, model=model)
    assert len(same.deals) >= 100
    assert model.card is not None
    assert set(same.drift) == {one.name for one in model.card.attributes}
    # By hand: the shares of one feature now against those of the fit.
    name, index = next(iter(same.drift.items()))
    column = np.array([one.facts[name] for one in same.deals])
    (attribute,) = [one for one in model.card.attributes if one.name == name]
    now = np.bincount(places_of(column, attribute), minlength=len(attribute.bins) + 1)
    now = np.maximum(now / now.sum(), 1e-4)
    then = np.maximum(np.array(model.profile[name]), 1e-4)
    assert index == pytest.approx(float(((now - then) * np.log(now / then)).sum()), abs=1e-3)
    # Where every activity was 60 days earlier, the open deals are silent.
    assert crm.activities is not None
    earlier = crm.activities.started - np.timedelta64(60, "D")
    silent = evolve(crm, activities=crm.activities.with_columns(started=earlier))
    quiet = win_probability(silent, model=model)
    assert quiet.drift_verdict == "shifted"
    assert quiet.to_dict()["drift"]["verdict"] == "shifted"
    (warning,) = quiet.warnings()
    assert "fit again. Stability index: " in warning
    assert warning in quiet.explain()
    assert quiet.warnings("ru")[0].startswith("Открытые сделки не такие, как при обучении")
    assert quiet.warnings()[0] in deal_risks(crm, win=quiet).explain()


def test_a_saved_model_needs_the_features_that_it_was_fitted_with() -> None:
    crm = evolve(telling(), activities=None)
    with pytest.raises(InputError, match=r"activities_7.*fit again"):
        win_probability(crm, model=learned().model)
    with pytest.raises(InputError, match="activities_7"):
        deal_risks(crm, model=learned().model)


def test_few_open_deals_are_not_compared_with_the_fit() -> None:
    model = learned().model
    few = {name: column[:99] for name, column in _columns(model).items()}
    assert model.drift(few) == {}
    assert model.drift(_columns(model))


def _columns(model: WinModel) -> dict[str, Any]:
    deals = win_probability(many(), model=model).deals
    return {name: np.array([one.facts[name] for one in deals]) for name in deals[0].facts}


def test_command_writes_and_uses_a_model(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    crm = portal(300, weeks=30)
    write(crm, tmp_path)
    model = tmp_path / "model.json"
    command = ["crm", "win", str(tmp_path), "--zone", "UTC"]
    assert main([*command, "--save-model", str(model), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main([*command, "--model", str(model), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["deals"] == first["deals"]
    assert main([*command, "--field", "close_value"]) == 2
    assert "close_value" in capsys.readouterr().err
    assert main([*command, "--field", "region", "--lang", "ru"]) == 0
    assert "Основа" in capsys.readouterr().out
    assert main([*command, "--model", str(tmp_path / "none.json")]) == 2


def write(crm: CrmData, folder: Any) -> None:
    """Write the records as files."""
    deals: Deals = crm.deals
    lines = ["deal,funnel,created,stage,amount,close_value,region"]
    for i in range(len(deals)):
        value = {0: "", 1: "5", 2: "0"}[int(crm.outcomes.kind[i])]
        lines.append(
            f"{deals.deal[i]},sales,{deals.created[i]}Z,{deals.stage[i : i + 1].tolist()[0]},"
            f"{crm.amounts[i]:.0f},{value},r{i % 3}"
        )
    (folder / "deals.csv").write_text("\n".join(lines), "utf-8")
    assert crm.changes is not None
    rows = ["deal,stage,entered"]
    rows += [
        f"{deal},{stage},{at}Z"
        for deal, stage, at in zip(
            crm.changes.deal.tolist(),
            crm.changes.stage.tolist(),
            crm.changes.entered,
            strict=True,
        )
    ]
    (folder / "stage_changes.csv").write_text("\n".join(rows), "utf-8")
