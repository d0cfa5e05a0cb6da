"""Made sales departments in which activity tells the deals that will be won."""

from __future__ import annotations

import numpy as np

from abcxyz.crm import Activities, CrmData, Deals, Stage, StageChanges, StageMap
from abcxyz.crm.records.columns import Moments

START = np.datetime64("2025-01-06T07:00:00", "s")
STAGES = StageMap(
    {
        "sales": [
            "NEW",
            "VISIT",
            "OFFER",
            Stage("WON", semantics="S"),
            Stage("LOST", semantics="F"),
        ]
    }
)


def portal(
    n: int = 1500, *, weeks: int = 75, seed: int = 1, telling: bool = True, fading: float = 0.0
) -> CrmData:
    """Make deals that go through three stages, about eight days each.

    Parameters
    ----------
    n
        Number of deals.
    weeks
        Weeks over which they are created; the records end with them.
    seed
        Of the random numbers.
    telling
        Whether good deals have more activities than bad ones; otherwise nothing tells them apart.
    fading
        Share of the deals of the second half of the time that are decided by chance all the same.
    """
    rng = np.random.default_rng(seed)
    created = np.sort(rng.uniform(0, weeks * 7, n))
    good = rng.random(n) < 0.4
    deal, stage, entered, last = [], [], [], []
    act_deal, act_at, act_way = [], [], []
    for i in range(n):
        at, name = float(created[i]), "NEW"
        for name in ("NEW", "VISIT", "OFFER", "end"):
            if name == "end":
                chance = (0.85 if good[i] else 0.05) if telling else 0.4
                if fading and created[i] > weeks * 3.5 and rng.random() < fading:
                    chance = 0.4
                name = "WON" if rng.random() < chance else "LOST"
            if at >= weeks * 7:
                break
            deal.append(i)
            stage.append(name)
            entered.append(at)
            if name in ("WON", "LOST"):
                break
            at += float(rng.gamma(2.0, 4.0)) + 0.5
        last.append(stage[-1])
        rate = (0.7 if good[i] else 0.08) if telling else 0.3
        end = min(at, weeks * 7)
        for when in rng.uniform(created[i], end, rng.poisson(rate * (end - created[i]))):
            act_deal.append(i)
            act_at.append(float(when))
            act_way.append("in" if rng.random() < 0.5 else "out")
    return CrmData(
        deals=Deals(
            deal=np.arange(n),
            funnel=["sales"] * n,
            stage=last,
            created=moments(created),
            amount=np.round(rng.lognormal(10, 0.6, n)),
            owner=[f"m{i % 5}" for i in range(n)],
            customer=np.arange(n) % 400,
        ),
        changes=StageChanges(deal=np.array(deal), stage=stage, entered=moments(entered)),
        activities=Activities(
            activity=np.arange(len(act_deal)),
            kind=["call"] * len(act_deal),
            started=moments(act_at),
            direction=act_way,
            done=np.ones(len(act_deal), dtype=bool),
            deal=np.array(act_deal),
        ),
        stages=STAGES,
        zone="Europe/Moscow",
        until=START + np.timedelta64(weeks * 7 * 86400, "s"),
    )


def moments(days: object) -> Moments:
    """Return days after the start as moments."""
    seconds = np.round(np.asarray(days, dtype=float) * 86400).astype(np.int64)
    return START + seconds.astype("m8[s]")
