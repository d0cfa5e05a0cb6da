"""Backtest of the lapse list: whom it would have named on past days, and who came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Ints, as_day
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.advice.calls import CallList, CallOutcome, calls_of_risk
from abcxyz.core.display import Drawable
from abcxyz.core.landmarks.features import attribute_columns
from abcxyz.core.landmarks.horizon import WARM_UP, covered_until, day_of
from abcxyz.core.landmarks.lapse import lapse_of
from abcxyz.core.landmarks.lapse_record import LapseRisk
from abcxyz.core.landmarks.orders.order_history import OrderHistory, collect_orders, day_number
from abcxyz.core.landmarks.sample import STEP
from abcxyz.core.landmarks.sources import HistorySource
from abcxyz.core.sales.transactions import Transactions
from abcxyz.core.snapshots.settings import Settings
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.numbers import date_text, number

__all__ = [
    "MOST_DAYS",
    "Backtest",
    "BacktestDay",
    "Naming",
    "backtest_lapse",
    "backtest_of",
]

MOST_DAYS = 6
"""Past days on which a list is tried, if nothing else is asked."""


@frozen(kw_only=True)
class BacktestDay:
    """One past day: the list it would have shown, and what followed.

    Parameters
    ----------
    day
        The day; the list rests on sales before it alone.
    basis
        As in `LapseRisk`.
    customers
        Customers of class A on that day.
    lapsed
        Those of them who bought nothing within the horizon.
    named
        Customers whom the list would have named.
    came_back
        Those of them who bought within the horizon.
    money_named
        Money of a horizon of those named, at the pace of the year before.
    money_back
        What those who came back bought within the horizon.
    money_lost
        Money of a horizon of those who did not.
    """

    day: date
    basis: str
    customers: int
    lapsed: int
    named: int
    came_back: int
    money_named: float
    money_back: float
    money_lost: float

    @property
    def precision(self) -> float:
        """Share of those named who bought nothing; NaN if none was named."""
        return (self.named - self.came_back) / self.named if self.named else float("nan")

    @property
    def recall(self) -> float:
        """Share of those who bought nothing who were named; NaN if there was none."""
        return (self.named - self.came_back) / self.lapsed if self.lapsed else float("nan")


@frozen(kw_only=True)
class Naming:
    """A silence that the list would have named, on the first of the days on which it did.

    Parameters
    ----------
    customer
        Identifier.
    day
        The day.
    money
        Money of a horizon, at the pace of the year before.
    came_back
        Whether the customer bought within the horizon.
    called
        Whether a call was logged from that day on, before the customer bought.
    """

    customer: Any
    day: date
    money: float
    came_back: bool
    called: bool


@frozen(kw_only=True)
class Backtest(Drawable):
    """Past days, the oldest first, and each silence that the list would have named.

    Parameters
    ----------
    horizon_days
        Days within which a purchase counts as coming back.
    days
        What the list would have said on each day; a silence may be named on several.
    namings
        Each silence named, once.
    """

    horizon_days: int
    days: tuple[BacktestDay, ...]
    namings: tuple[Naming, ...] = ()

    @property
    def named(self) -> int:
        """Silences named, each once."""
        return len(self.namings)

    @property
    def came_back(self) -> int:
        """Those of them that ended within the horizon."""
        return sum(one.came_back for one in self.namings)

    @property
    def after_call(self) -> int:
        """Those of these that ended after a call."""
        return sum(one.came_back and one.called for one in self.namings)

    @property
    def called(self) -> int:
        """Silences named in which a call was logged."""
        return sum(one.called for one in self.namings)

    @property
    def since(self) -> date | None:
        """The first day; None without any."""
        return self.days[0].day if self.days else None

    def sentence(self, lang: str = "en") -> str:
        """Return what came of the list, as a sentence."""
        if self.since is None:
            return text("The sales are too short to try it on the past", lang)
        counts = {
            "since": date_text(self.since, lang),
            "named": number(self.named, lang),
            "back": number(self.came_back, lang),
            "after": number(self.after_call, lang),
        }
        if self.called:
            return text(
                "Of {named} named since {since} {back} came back, {after} of them after a call",
                lang,
                **counts,
            )
        return text("Of {named} named since {since} {back} came back", lang, **counts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "horizon_days": self.horizon_days,
            "named": self.named,
            "came_back": self.came_back,
            "called": self.called,
            "after_call": self.after_call,
            "days": [_plain(one) for one in self.days],
        }


def _plain(one: BacktestDay) -> dict[str, Any]:
    values = attrs.asdict(one) | {"day": one.day.isoformat()}
    return {
        name: round(value, 2) if isinstance(value, float) else value
        for name, value in values.items()
    }


def backtest_lapse(
    sales: Transactions | Iterable[Transactions],
    as_of: date,
    horizon: int | None = None,
    *,
    settings: Settings | None = None,
    most: int = MOST_DAYS,
    outcomes: Iterable[CallOutcome] = (),
    attributes: Mapping[Any, Mapping[str, object]] = MappingProxyType({}),
    alert_rules: AlertRules | None = None,
) -> Backtest:
    """Walk past days, and compare the list that each would have shown with what followed.

    Parameters
    ----------
    sales, as_of, horizon, settings, attributes
        As in `lapse_risk`.
    most
        Number of days, one every 30 days, at most.
    outcomes
        Outcomes of calls, as `History.outcomes` returns them: who was called a short while before
        a day, or was logged as lost, is not on the list of that day.
    alert_rules
        Whether lapses are learned, or found by the rule and how; None for the defaults.

    Returns
    -------
    Backtest
        Days whose horizon ends by *as_of*; none if the sales are too short.

    Notes
    -----
    The number of calls per responsible employee limits no list of the past: who was in charge then
    is not known.

    Examples
    --------
    >>> sales = Transactions(["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5),
    ...                      date(2026, 2, 9)], [50, 50, 10])
    >>> backtest_lapse(sales, date(2026, 3, 1)).days
    ()
    """
    settings = Settings() if settings is None else settings
    as_of = as_day(as_of, "as_of")
    history = collect_orders(sales, until=as_of, metric=settings.metric)
    covered_until(history.span, as_of)
    return backtest_of(
        history,
        as_of,
        horizon,
        settings=settings,
        most=most,
        outcomes=outcomes,
        attributes=attribute_columns(history.customers.tolist(), attributes),
        rules=alert_rules,
    )


def backtest_of(
    history: OrderHistory,
    as_of: date,
    horizon: int | None = None,
    *,
    settings: Settings,
    most: int = MOST_DAYS,
    outcomes: Iterable[CallOutcome] = (),
    attributes: Mapping[str, Any] = MappingProxyType({}),
    rules: AlertRules | None = None,
) -> Backtest:
    """Backtest from an order history; see `backtest_lapse`.

    Parameters
    ----------
    attributes
        Further features, as `attribute_columns` returns them.
    """
    day = day_number(as_of)
    horizon = HistorySource(history).horizon(as_of, horizon, settings)
    first, _ = history.span
    past = range(day - horizon, first + horizon + WARM_UP - 1, -STEP)
    rules = AlertRules() if rules is None else rules
    called: defaultdict[str, list[int]] = defaultdict(list)
    logged = tuple(outcomes)
    for one in logged:
        if one.outcome != "lost":
            called[str(one.customer)].append(day_number(one.day))
    days: list[BacktestDay] = []
    namings: dict[tuple[Any, float], Naming] = {}
    places = {who: i for i, who in enumerate(history.customers.tolist())}
    for past_day in reversed(list(past)[:most]):
        part = history.until(past_day)
        place = _rows(places, part.customers)
        risk = lapse_of(
            part,
            day_of(past_day),
            horizon,
            settings=settings,
            attributes={name: one[place] for name, one in attributes.items()},
            learn=rules.lapse == "learned",
            quantile=rules.quantile,
            least_gaps=rules.least_gaps,
        )
        earlier = [one for one in logged if one.day < risk.as_of]
        rows = _rows(places, risk.customers)
        tried, named = _day(history, risk, rows, calls_of_risk(risk, outcomes=earlier), called)
        days.append(tried)
        for silence, naming in named.items():
            namings.setdefault(silence, naming)
    return Backtest(horizon_days=horizon, days=tuple(days), namings=tuple(namings.values()))


def _rows(places: Mapping[Any, int], customers: npt.NDArray[Any]) -> Ints:
    return np.array([places[who] for who in customers.tolist()], dtype=np.int64)


def _day(
    history: OrderHistory,
    risk: LapseRisk,
    rows: Ints,
    calls: CallList,
    called: Mapping[str, list[int]],
) -> tuple[BacktestDay, dict[tuple[Any, float], Naming]]:
    """Return what the list says on a day, and its names by customer and last order day."""
    day, horizon = day_number(risk.as_of), risk.horizon_days
    sums = history.sums
    now, after = history.before(day)[rows], history.before(day + horizon)[rows]
    bought = sums.orders[after] > sums.orders[now]
    money = sums.net[after] - sums.net[now]
    in_a = np.flatnonzero(risk.in_a)
    named = np.array([risk.positions[one.customer] for one in calls], dtype=np.int64)
    back = named[bought[named]]
    gone = named[~bought[named]]
    namings: dict[tuple[Any, float], Naming] = {}
    for call, i in zip(calls, named.tolist(), strict=True):
        end = int(sums.day[sums.orders[now[i]]]) if bought[i] else day + horizon
        namings[call.customer, day - float(call.days)] = Naming(
            customer=call.customer,
            day=risk.as_of,
            money=float(risk.money[i]),
            came_back=bool(bought[i]),
            called=any(day <= one <= end for one in called.get(str(call.customer), ())),
        )
    tried = BacktestDay(
        day=risk.as_of,
        basis=risk.basis,
        customers=len(in_a),
        lapsed=int((~bought[in_a]).sum()),
        named=len(named),
        came_back=len(back),
        money_named=float(risk.money[named].sum()),
        money_back=float(money[back].sum()),
        money_lost=float(risk.money[gone].sum()),
    )
    return tried, namings
