"""Synthetic sales history and CRM data of a wholesaler, generated from a seed."""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from importlib import resources
from random import Random
from types import MappingProxyType
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import DayLike, as_day, frozen_map
from abcxyz.core.advice.crm_facts import CrmFacts, Deal, LeadContact, TimeSpent
from abcxyz.core.sales.calendar import period_start, shift_period
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError

__all__ = ["DEMO_AS_OF", "Demo", "DemoCrm", "demo_crm", "demo_data", "demo_sales"]

#: Fixed date of the demonstration, so that its numbers are always the same.
DEMO_AS_OF = date(2026, 11, 1)

_MONTHS = 24
_KINDS = (
    *("steady", "steady", "steady", "seasonal", "seasonal", "growing"),
    *("lapsing", "new", "returning", "rare", "rare", "once"),
)


@frozen
class Demo:
    """Synthetic sales history.

    Parameters
    ----------
    transactions
        Two years of sales and returns, in roubles and kopecks, by day.
    names
        Customer to company name.
    kinds
        Customer to its purchase pattern: steady, seasonal, growing, lapsing, new, returning,
        rare or once.
    """

    transactions: Transactions
    names: Mapping[str, str] = field(converter=frozen_map)
    kinds: Mapping[str, str] = field(converter=frozen_map)


@functools.cache
def demo_data() -> Mapping[str, Any]:
    """Return the names of companies, people, stages and leads."""
    file = resources.files("abcxyz.demo") / "demo.toml"
    return MappingProxyType(tomllib.loads(file.read_text(encoding="utf-8")))


def demo_sales(*, seed: int = 2026, customers: int = 240, as_of: DayLike = DEMO_AS_OF) -> Demo:
    """Generate sales of the 24 complete months before *as_of*.

    Parameters
    ----------
    seed
        Seed of the random numbers; equal seeds give equal histories on every machine.
    customers
        Number of customers, from 1 to 100,000.
    as_of
        Date of the result; sales are before it.

    Returns
    -------
    Demo
        Synthetic sales and names.

    Raises
    ------
    InputError
        The number of customers is out of range.

    Examples
    --------
    >>> demo_sales(seed=1, customers=20) == demo_sales(seed=1, customers=20)
    True
    """
    if not 1 <= customers <= 100_000:
        raise InputError(
            "the number of customers is {customers}; choose one from 1 to 100000",
            customers=customers,
        )
    data = demo_data()
    random = Random(seed)  # noqa: S311 - made-up sales are no secret
    as_of = as_day(as_of, "as_of")
    start = shift_period(period_start(as_of, "month"), "month", -_MONTHS)
    ids: list[str] = []
    days: list[date] = []
    kopecks: list[int] = []
    documents: list[str] = []
    names: dict[str, str] = {}
    kinds: dict[str, str] = {}
    number = 0
    for place in range(customers):
        customer = f"C{place + 1:05d}"
        names[customer] = _name(random, place)
        # The first dozen has every pattern, so that even a small history shows all of them.
        kind = _KINDS[place] if place < len(_KINDS) else random.choice(_KINDS)
        kinds[customer] = kind
        # A log-normal monthly volume in kopecks: a few large and many small customers.
        volume = math.exp(random.gauss(11.2, 1.25)) * 100
        phase, turn = random.randrange(12), random.randrange(6, 18)
        for month in range(_MONTHS):
            first = shift_period(start, "month", month)
            level = _level(kind, month, first.month, phase, turn)
            orders = _orders(random, kind, level)
            length = (shift_period(first, "month", 1) - first).days
            for _ in range(orders):
                number += 1
                document = f"{data['sale']}-{number:06d}"
                day = _weekday(first, random.randrange(length), length)
                noise = 0.08 if kind == "steady" else 0.35
                total = volume * max(level, 0.2) / orders * math.exp(random.gauss(0, noise))
                for share in _split(random):
                    ids.append(customer)
                    days.append(day)
                    kopecks.append(max(1, round(total * share)))
                    documents.append(document)
                if random.random() < 0.03:
                    ids.append(customer)
                    days.append(_weekday(first, length - 1, length))
                    kopecks.append(-round(total * random.uniform(0.05, 0.4)))
                    documents.append(f"{data['refund']}-{number:06d}")
    amounts = np.array(kopecks, dtype=np.int64) / 100
    sales = Transactions(
        np.array(ids, dtype=object), days, amounts, document=np.array(documents, dtype=object)
    )
    return Demo(sales, names, kinds)


@frozen(kw_only=True)
class DemoCrm:
    """Synthetic CRM data beside the sales.

    Parameters
    ----------
    attributes
        Customer to its responsible employee.
    facts
        Deals, time spent, and contacts of the leads.
    leads
        Lead to its attributes.
    """

    attributes: Mapping[str, Mapping[str, object]]
    facts: CrmFacts
    leads: Mapping[str, Mapping[str, Any]]


def demo_crm(demo: Demo, *, as_of: DayLike = DEMO_AS_OF) -> DemoCrm:
    """Generate responsible employees, a few deals and leads for a synthetic history.

    Parameters
    ----------
    demo
        Result of `demo_sales`.
    as_of
        Date of the result.

    Examples
    --------
    >>> len(demo_crm(demo_sales(customers=20)).leads)
    8
    """
    as_of = as_day(as_of, "as_of")
    customers = list(demo.names)
    data = demo_data()
    people: list[str] = data["owners"]
    owners = {who: people[i % len(people)] for i, who in enumerate(customers)}
    deals = [
        Deal(
            deal=f"D-{i + 1:03d}",
            customer=who,
            since=as_of - timedelta(days=2 + 5 * i),
            amount=180_000.0 + 95_000.0 * i,
            stage=data["stages"][i % 3],
        )
        for i, who in enumerate(customers[:60:15])
    ]
    spent = [TimeSpent(customer=who, hours=3.5 + i) for i, who in enumerate(customers[3::40])]
    leads = {
        one["name"]: {name: one.get(name) for name in ("turnover", "employees", "status")}
        for one in data["leads"]
    }
    contacts = [
        LeadContact(lead=next(iter(leads)), created=as_of - timedelta(days=3), owner=people[0])
    ]
    return DemoCrm(
        attributes={who: {"owner": owner} for who, owner in owners.items()},
        facts=CrmFacts(owners=owners, deals=deals, time_spent=spent, contacts=contacts),
        leads=leads,
    )


def _name(random: Random, place: int) -> str:
    data = demo_data()
    if place % 12 == 5 and place // 12 < len(data["hostile"]):
        return str(data["hostile"][place // 12])
    form = random.choice(data["forms"])
    if form == data["sole_trader"]:
        return f"{form} {random.choice(data['people'])}"
    return f"{form} «{random.choice(data['first'])}{random.choice(data['second'])}»"


def _level(kind: str, month: int, calendar_month: int, phase: int, turn: int) -> float:
    """Return the relative volume of a month for a purchase pattern; 1 is the usual volume."""
    if kind == "seasonal":
        return max(0.0, 1 + 1.1 * math.cos(2 * math.pi * (calendar_month - 1 - phase) / 12))
    if kind == "growing":
        return 0.4 + 1.6 * month / (_MONTHS - 1)
    if kind == "lapsing":
        return max(0.0, 1.2 - max(0, month - turn) * 0.25)
    if kind == "new":
        return 1.0 if month >= _MONTHS - 2 - phase // 2 else 0.0
    if kind == "returning":
        return 0.0 if turn - 4 <= month < turn + 3 else 1.0
    if kind == "once":
        return 1.0 if month == turn else 0.0
    return 1.0


def _orders(random: Random, kind: str, level: float) -> int:
    if level <= 0.05:
        return 0
    if kind == "rare":
        return int(random.random() < 0.25)
    if kind == "once":
        return 1
    if kind == "steady":
        return random.choice((2, 3, 3, 4))
    return random.choice((1, 1, 2, 3)) if random.random() < min(1.0, 0.4 + level) else 0


def _weekday(first: date, offset: int, length: int) -> date:
    """Move a weekend to the nearest working day of the same month."""
    day = first + timedelta(days=offset)
    if day.weekday() < 5:
        return day
    step = 7 - day.weekday()
    if offset + step >= length:
        step = 4 - day.weekday()
    return day + timedelta(days=step)


def _split(random: Random) -> list[float]:
    """Return the shares of one to four lines of a document."""
    parts = [random.uniform(0.2, 1.0) for _ in range(random.randrange(1, 5))]
    return [part / sum(parts) for part in parts]
