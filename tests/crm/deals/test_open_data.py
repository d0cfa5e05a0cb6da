"""Win probability on open data: where it is used, and where it has to be refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abcxyz.crm import CrmData, Deals, Stage, StageChanges, StageMap, win_probability
from abcxyz.errors import InputError
from abcxyz.tables.crm.read import read_crm

DAY = np.timedelta64(1, "D")

# Real files of tens of thousands of deals.
pytestmark = pytest.mark.slow


def incidents(folder: Path) -> tuple[CrmData, pd.DataFrame]:
    """Read the incidents; `resolved_at` is the moment of winning, and ends the history."""
    table = pd.read_csv(folder / "incidents.csv.gz", dtype=str)
    changes = pd.read_csv(folder / "incidents_stage_changes.csv.gz", dtype=str)
    table["end"] = pd.to_datetime(table.resolved_at)
    changes["entered"] = pd.to_datetime(changes.entered)
    changes = changes.merge(table[["incident", "end"]], on="incident")
    changes = changes[~(changes.entered >= changes.end)]
    ends = pd.DataFrame({"incident": table.incident, "state": "done", "entered": table.end})
    changes = pd.concat([changes, ends[ends.entered.notna()]])
    stages = [
        Stage(one, semantics="S" if one == "done" else "P") for one in changes.state.unique()
    ]
    latest = changes.sort_values("entered", kind="stable").groupby("incident").state.last()
    crm = CrmData(
        deals=Deals(
            deal=table.incident.to_numpy(object),
            funnel=["it"] * len(table),
            created=pd.to_datetime(table.opened_at).to_numpy().astype("M8[s]"),
            stage=table.incident.map(latest).fillna("New").tolist(),
        ),
        changes=StageChanges(
            deal=changes.incident.to_numpy(object),
            stage=changes.state.tolist(),
            entered=changes.entered.to_numpy().astype("M8[s]"),
            user=changes.user.fillna("").tolist(),
        ),
        stages=StageMap({"it": stages}),
    )
    return crm, table


def test_incidents_are_told_apart_better_than_by_their_state(shared_data: Path) -> None:
    """Those unresolved at 24 hours: which are resolved within five days of their opening."""
    crm, table = incidents(shared_data / "crm")
    fields = {name: table[name].fillna("").tolist() for name in ("priority", "contact_type")}
    made = win_probability(
        crm,
        horizon=4,
        age_hours=24,
        fields=fields,
        features=["stage", *fields, "changes", "users", "hour", "weekday"],
    )
    assert made.basis == "learned"
    card, rates = made.model.tried["learned"], made.model.tried["stage"]
    assert rates.auc == pytest.approx(0.603, abs=0.005)
    assert rates.brier == pytest.approx(0.2188, abs=0.0005)
    assert card.auc >= 0.66
    assert card.brier < 0.2130
    assert made.model.gain is not None
    assert made.model.gain.low > 0
    for name in ("resolved_at", "closed_at", "made_sla", "reopen_count"):
        with pytest.raises(InputError, match=name):
            win_probability(crm, fields={name: table[name].fillna("").tolist()})
    hidden = {"kappa": table.resolved_at.fillna("").tolist()}
    with pytest.raises(InputError, match="kappa"):
        win_probability(crm, horizon=4, age_hours=24, fields=hidden)


def test_maven_is_refused_and_its_leak_is_named(shared_data: Path) -> None:
    table = pd.read_csv(shared_data / "crm/maven_pipeline.csv.gz", dtype=str)
    table = table[table.engage_date.notna()]
    closed = table[table.close_date.notna()]
    starts = pd.to_datetime(table.engage_date).to_numpy().astype("M8[s]")
    ends = pd.to_datetime(closed.close_date).to_numpy().astype("M8[s]")
    deals = Deals(
        deal=table.opportunity_id.to_numpy(object),
        funnel=["sales"] * len(table),
        created=starts,
        stage=table.deal_stage.tolist(),
    )
    stages = StageMap(
        {"sales": ["Engaging", Stage("Won", semantics="S"), Stage("Lost", semantics="F")]}
    )
    assert win_probability(CrmData(deals=deals, stages=stages)).basis == "none"
    changes = StageChanges(
        deal=np.r_[table.opportunity_id, closed.opportunity_id].astype(object),
        stage=["Engaging"] * len(table) + closed.deal_stage.tolist(),
        entered=np.r_[starts, ends],
    )
    crm = CrmData(deals=deals, changes=changes, stages=stages)
    for name in ("close_value", "kappa"):
        with pytest.raises(InputError, match=name):
            win_probability(crm, horizon=30, fields={name: table.close_value.fillna("").tolist()})
    # Accounts are entered when a deal is decided: every third open deal has one.
    with pytest.raises(InputError, match="'account' is filled for 100% of the won deals"):
        win_probability(crm, fields={"account": table.account.fillna("").tolist()})
    fields = {name: table[name].tolist() for name in ("product", "sales_agent")}
    for horizon, age in ((30, None), (60, 24), (None, None)):
        made = win_probability(crm, fields=fields, horizon=horizon, age_hours=age)
        assert made.basis == "stage_rates"
        assert made.model.verdict == ("not_better" if horizon else "short")


def test_a_made_company_is_calibrated(shared_data: Path) -> None:
    """Where nothing changes, each decile of the later deals is within five points."""
    crm = read_crm(shared_data / "crm/synthetic_null", zone="Europe/Moscow").crm
    made = win_probability(crm)
    assert made.basis == "stage_rates"
    deciles = made.model.tried["stage"].deciles
    assert max(abs(one.said - one.true) for one in deciles) < 0.05
