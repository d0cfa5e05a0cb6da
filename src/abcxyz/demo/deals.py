"""Synthetic CRM of the wholesaler: leads, deals, their stages, activities and products."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from abcxyz._arrays import DayLike, as_day
from abcxyz.crm import (
    Activities,
    CrmData,
    Deals,
    Leads,
    ProductLines,
    Stage,
    StageChanges,
    StageMap,
    Users,
)
from abcxyz.demo.sales import DEMO_AS_OF, Demo, demo_crm, demo_data

__all__ = ["demo_records", "demo_tables"]

_ZONE = ZoneInfo("Europe/Moscow")
_DAYS = 365
_RECORDS = {
    "deals": Deals,
    "stage_changes": StageChanges,
    "activities": Activities,
    "leads": Leads,
    "product_lines": ProductLines,
    "users": Users,
}

#: Share of the deals that go on, and mean days of the stay, by the stage.
_GOES_ON = (0.82, 0.74, 0.62, 0.78, 0.90, 0.97)
_STAY = (3.0, 6.0, 7.0, 9.0, 5.0, 4.0)
#: What the channel does to the chance of going on: partners send better leads than advertising.
_OF_CHANNEL = (1.0, 0.88, 1.12, 1.0, 1.03)
_SHARE = (0.28, 0.34, 0.16, 0.10, 0.12)


class _Rows:
    """Rows of the tables, as texts and numbers for files."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in _RECORDS}

    def add(self, table: str, **row: Any) -> None:
        self.tables[table].append(row)

    def activity(self, kind: str, started: datetime, **row: Any) -> None:
        number = len(self.tables["activities"]) + 1
        self.add("activities", activity=number, kind=kind, started=started, **row)


def demo_tables(
    demo: Demo, *, seed: int = 2026, as_of: DayLike = DEMO_AS_OF
) -> Mapping[str, list[dict[str, Any]]]:
    """Generate the tables of a CRM for the customers of a synthetic history.

    Parameters
    ----------
    demo
        Result of `demo_sales`.
    seed
        Seed of the random numbers.
    as_of
        Date of the result; everything is before it.

    Returns
    -------
    mapping
        Name of a table of ``abcxyz.crm.TABLES``, or ``stages`` -> its rows: column -> value.

    Examples
    --------
    >>> from abcxyz.demo import demo_sales
    >>> tables = demo_tables(demo_sales(customers=20))
    >>> sorted(tables)[:3], tables["stages"][0]["semantics"]
    (['activities', 'deals', 'leads'], 'P')
    """
    data = demo_data()
    random = Random(seed)  # noqa: S311 - made-up deals are no secret
    end = datetime.combine(as_day(as_of, "as_of"), datetime.min.time(), _ZONE)
    made, rows = demo_crm(demo, as_of=as_of), _Rows()
    for who in demo.names:
        for _ in range(random.choice((0, 1, 1, 2, 3))):
            _lead(random, rows, who, str(made.attributes[who]["owner"]), end)
    for one in made.facts.deals:
        started = datetime.combine(one.since, datetime.min.time(), _ZONE) + timedelta(hours=10)
        way = data["way"]
        row = {
            "deal": one.deal,
            "funnel": data["funnel"],
            "created": started,
            "stage": one.stage,
            "amount": one.amount,
            "owner": made.attributes[str(one.customer)]["owner"],
            "customer": one.customer,
            "source": random.choice(data["channels"]),
        }
        rows.add("deals", **row)
        for place in range(way.index(one.stage) + 1):
            moment = started + timedelta(minutes=20 * place)
            rows.add("stage_changes", deal=one.deal, stage=way[place], entered=moment)
    for owner in data["owners"]:
        rows.add("users", user=owner, name=owner, active=True)
    kinds = {**dict.fromkeys(data["way"], "P"), data["won"]: "S", data["lost"]: "F"}
    stages = [
        {"stage": one, "funnel": data["funnel"], "semantics": kind} for one, kind in kinds.items()
    ]
    return {**rows.tables, "stages": stages}


def demo_records(tables: Mapping[str, list[dict[str, Any]]]) -> CrmData:
    """Return the tables of a synthetic CRM as records.

    Parameters
    ----------
    tables
        Result of `demo_tables`.

    Examples
    --------
    >>> from abcxyz.demo import demo_sales
    >>> crm = demo_records(demo_tables(demo_sales(customers=20)))
    >>> [stage.id for stage in crm.stages.order("Продажи")][:2]
    ['Заявка', 'Встреча']
    """
    records: dict[str, Any] = {}
    for name, kind in _RECORDS.items():
        columns = {key: None for row in tables[name] for key in row}
        records[name] = kind(**{key: [row.get(key) for row in tables[name]] for key in columns})
    stages = [Stage(row["stage"], semantics=row["semantics"]) for row in tables["stages"]]
    return CrmData(
        deals=records["deals"],
        changes=records["stage_changes"],
        activities=records["activities"],
        leads=records["leads"],
        lines=records["product_lines"],
        users=records["users"],
        stages=StageMap({demo_data()["funnel"]: stages}),
        zone=_ZONE.key,
    )


def _lead(random: Random, rows: _Rows, who: str, owner: str, end: datetime) -> None:
    """Add a lead of a customer, its answer, and the deal that came of it."""
    data = demo_data()
    number = len(rows.tables["leads"]) + 1
    lead, deal = f"L-{number:04d}", f"S-{number:04d}"
    created = _working(end - timedelta(days=random.uniform(1, _DAYS)), random)
    channel = random.choices(range(len(_SHARE)), _SHARE)[0]
    source = data["channels"][channel]
    # One manager answers late, which goes with fewer wins.
    slow = owner == data["owners"][-1]
    answered = created + timedelta(minutes=random.expovariate(1 / (260 if slow else 45)) + 3)
    about = {"lead": lead, "user": owner, "customer": who, "done": True}
    if answered < end:
        talk = round(random.expovariate(1 / 170)) + 20
        rows.activity("call", answered, direction="out", seconds=talk, answered=True, **about)
    begins = answered + timedelta(minutes=random.uniform(10, 200))
    becomes = begins < end and random.random() < 0.78
    rows.add(
        "leads",
        lead=lead,
        created=created,
        source=source,
        owner=owner,
        customer=who,
        deal=deal if becomes else "",
        outcome="converted" if becomes else "open",
    )
    if not becomes:
        return
    stage, moments = _walk(random, rows, deal, begins, end, _OF_CHANNEL[channel] - 0.1 * slow)
    amount = round(random.lognormvariate(11.6, 0.8), -2)
    rows.add(
        "deals",
        deal=deal,
        funnel=data["funnel"],
        created=begins,
        stage=stage,
        closed=moments[-1] if stage in (data["won"], data["lost"]) else None,
        amount=amount,
        owner=owner,
        customer=who,
        source=source,
        lead=lead,
        lost_reason=random.choice(data["reasons"]) if stage == data["lost"] else "",
    )
    product = random.choice(data["products"])
    cost = None if random.random() < 0.06 else round(amount * random.uniform(0.6, 0.8), 2)
    rows.add("product_lines", deal=deal, product=product, amount=amount, quantity=1, cost=cost)
    for moment, kind in zip(moments[1:], ("meeting", "letter", "call", "letter"), strict=False):
        about = {"deal": deal, "user": owner, "customer": who, "done": True, "direction": "out"}
        minutes = random.randrange(20, 90) if kind == "meeting" else 5
        ended = min(moment + timedelta(minutes=minutes), end)
        seconds = round(random.expovariate(1 / 200)) + 20 if kind == "call" else None
        rows.activity(kind, moment, ended=ended, seconds=seconds, answered=True, **about)


def _walk(
    random: Random, rows: _Rows, deal: str, begins: datetime, end: datetime, chance: float
) -> tuple[str, list[datetime]]:
    """Add the stage changes of a deal; return its stage now, and the moments of the changes."""
    data = demo_data()
    way, moment, stage = [*data["way"], data["won"]], begins, data["way"][0]
    moments: list[datetime] = []
    place = 0
    while moment < end:
        rows.add("stage_changes", deal=deal, stage=stage, entered=moment)
        moments.append(moment)
        if stage in (data["won"], data["lost"]):
            break
        moment += timedelta(days=random.gammavariate(1.6, _STAY[place] / 1.6) + 0.05)
        if random.random() > min(0.99, _GOES_ON[place] * chance):
            following = data["lost"]
        else:
            # Some go back one stage to negotiate again, some skip one.
            step = random.choices((1, 2, -1), (0.90, 0.05, 0.05))[0]
            place = max(0, min(place + step, len(way) - 1))
            following = way[place]
        if following == stage:
            continue
        if moment < end:
            stage = following
    return stage, moments


def _working(moment: datetime, random: Random) -> datetime:
    """Move a moment into the working hours of the nearest working day before."""
    moment -= timedelta(days=max(0, moment.weekday() - 4))
    return moment.replace(
        hour=random.randrange(9, 18), minute=random.randrange(60), second=0, microsecond=0
    )
