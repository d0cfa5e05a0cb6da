"""Features of customers at a landmark: what was known of their orders before that day."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from attrs import evolve, frozen

from abcxyz._arrays import Bools, Codes, Floats
from abcxyz.core.classes.classify import classify_abc
from abcxyz.core.landmarks.orders.customer_figures import (
    SEASON,
    Classes,
    CustomerFigures,
    figures_of,
)
from abcxyz.core.landmarks.orders.order_history import OrderHistory, day_number
from abcxyz.core.landmarks.renewal import lapse_log_odds
from abcxyz.core.snapshots.settings import Settings
from abcxyz.errors import AbcxyzWarning

__all__ = [
    "ATTRIBUTE",
    "EARLIER",
    "TRENDS",
    "Features",
    "attribute_columns",
    "classes_at",
    "classes_by",
    "features_at",
    "features_of",
]

_PRIOR_GAPS = 2.0  # weight of the pooled gap in a customer's own mean gap
_PRIOR_SPREAD = 8.0  # weight of the pooled variation of gaps in a customer's own
_VARIATION = (0.05, 3.0)  # limits of a squared coefficient of variation
# Horizons that the rhythm looks ahead. Within one, customers with long gaps are as likely to be
# silent as those who have left; the card and the calibration say how likely one horizon is.
_LOOK_AHEAD = 2
_MONTHS = 6

EARLIER = 90
"""Days before a day on which the class is compared with that of the day."""

TRENDS: Mapping[str, str] = MappingProxyType(
    {
        "rhythm": "up",
        "silence": "up",
        "silence_to_gap": "up",
        "silence_to_longest": "up",
        "orders_90": "down",
        "orders_180": "down",
        "orders_365": "down",
        "active_months": "down",
        "rate": "down",
        "mean_gap": "up",
        "money_90": "down",
        "money_365": "down",
        "same_season": "down",
        "abc": "up",
    }
)
"""Feature -> direction of the chance of a lapse over it, where it is known."""


ATTRIBUTE = "attribute:"
"""Beginning of the name of a feature that is an attribute of the customer."""


@frozen(kw_only=True, eq=False)
class Features:
    """Features of n customers at one landmark.

    Parameters
    ----------
    day
        The landmark, counted from 1970-01-01; everything is as known before it.
    known
        (n,) whether the customer had ordered before.
    columns
        Feature -> (n,) numbers, or texts of an attribute; NaN or an empty text where unknown.
    facts
        (n,) numbers behind the features, for reasons in words: days and money.
    abc
        (n,) class codes of the value over the window of the settings; -1 without sales in it.
    value
        (n,) the value over that window.
    limit
        Value from which a customer is of class A; NaN if there is none.
    """

    day: int
    known: Bools
    columns: Mapping[str, Any]
    facts: Mapping[str, Floats]
    abc: Codes
    value: Floats
    limit: float

    def with_columns(self, more: Mapping[str, Any]) -> Features:
        """Return the same with further columns."""
        return evolve(self, columns={**self.columns, **more}) if more else self


def features_at(
    history: OrderHistory,
    day: int,
    settings: Settings,
    horizon: int,
    *,
    classes: Callable[[int], Classes] | None = None,
) -> Features:
    """Return the features of every customer, from sales before a day.

    Parameters
    ----------
    history
        Orders of n customers.
    day
        The landmark, counted from 1970-01-01.
    settings
        Window and rule of the classes.
    horizon
        Days after the landmark that the outcome covers.
    classes
        Day -> what `classes_at` returns, where it is known already; None to compute it.
    """
    if classes is None:
        classes = functools.partial(classes_at, history, settings=settings)
    earlier, _, _ = classes(day - EARLIER)
    return features_of(figures_of(history, day, horizon, classes(day), earlier), horizon)


def features_of(known: CustomerFigures, horizon: int) -> Features:
    """Return the features that follow from the figures of customers on a day.

    Parameters
    ----------
    horizon
        Days after the day that the outcome covers.
    """
    count, silence, tenure = known.count, known.silence, known.tenure
    some = known.known
    gaps = np.maximum(count - 1, 0)
    gap_sum = np.where(some, tenure - silence, 0.0)
    own = gap_sum / np.maximum(gaps, 1)
    own_gap = np.where(gaps > 0, own, np.nan)
    usual = float(np.median(own[gaps > 0])) if (gaps > 0).any() else float(horizon)
    mean_gap = (gap_sum + _PRIOR_GAPS * usual) / (gaps + _PRIOR_GAPS)
    variation = np.maximum(known.squares / np.maximum(gaps, 1) - own**2, 0)
    variation /= np.maximum(own, 1) ** 2
    many = gaps >= _PRIOR_SPREAD
    pooled = float(np.median(variation[many])) if many.any() else 1.0
    variation = (variation * gaps + _PRIOR_SPREAD * pooled) / (gaps + _PRIOR_SPREAD)
    shape = 1 / np.clip(variation, *_VARIATION)
    rhythm = lapse_log_odds(silence, mean_gap, shape, _LOOK_AHEAD * horizon)
    mean_order = known.total / np.maximum(count, 1)
    typical = float(mean_order[some].mean()) if some.any() else 1.0
    orders, bought, returned = known.orders, known.bought, known.returned
    orders_90, orders_180 = orders[90], orders[180]
    money_90, money_180 = bought[90], bought[180]
    edges = [np.zeros(len(count)), *(orders[30 * k + 30] for k in range(_MONTHS))]
    active = sum((late > early).astype(float) for early, late in pairwise(edges))
    pool = float(count[some].sum() / max(tenure[some].sum(), 1.0)) if some.any() else 1.0
    rate = (count + 1) / (np.nan_to_num(tenure) + 1 / pool)
    season = np.where(tenure >= SEASON, known.season, np.nan)
    abc, value, limit = known.classes
    letter = np.where(abc < 0, 3, abc).astype(np.float64)
    before = np.where(known.earlier < 0, 3, known.earlier).astype(np.float64)
    last_money, longest = known.last_money, known.longest
    irregularity = np.sqrt(variation)
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = {
            "rhythm": rhythm,
            "silence": silence,
            "silence_to_gap": (silence + 1) / (mean_gap + 1),
            "silence_to_longest": (silence + 1) / (np.maximum(longest, mean_gap) + 1),
            "orders_90": orders_90,
            "orders_180": orders_180,
            "orders_365": orders[365],
            "active_months": active / np.clip(tenure / 30, 1, _MONTHS),
            "rate": rate,
            "mean_gap": mean_gap,
            "irregularity": irregularity,
            "order_trend": np.log((orders_90 + 0.5) / (orders_180 - orders_90 + 0.5)),
            "money_trend": np.log((money_90 + typical) / (money_180 - money_90 + typical)),
            "money_90": money_90,
            "money_365": bought[365],
            "mean_order": mean_order,
            "last_order": np.log((last_money + typical / 10) / (mean_order + typical / 10)),
            "tenure": tenure,
            "same_season": season,
            "returns": returned / (money_180 + typical),
            "abc": letter,
            "abc_change": letter - before,
        }
    facts = {
        "silence": silence,
        "own_gap": own_gap,
        "mean_gap": mean_gap,
        "late": (silence > np.fmax(mean_gap, own_gap)).astype(np.float64),
        "longest": longest,
        "mean_order": mean_order,
        "irregularity": irregularity,
        "abc": letter,
        "missing": limit - value,
        "orders": count,
        "orders_90": orders_90,
        "orders_180": orders_180,
        "money_90": money_90,
        "money_180": money_180,
        "money_365": known.net_year,
        "tenure": tenure,
        "returned": returned,
        "same_season": season,
        "before": before,
    }
    return Features(
        day=known.day, known=some, columns=columns, facts=facts, abc=abc, value=value, limit=limit
    )


def classes_at(history: OrderHistory, day: int, settings: Settings) -> Classes:
    """Classify every customer by the value over the window of the settings before a day.

    Returns
    -------
    tuple
        (n,) class codes, (n,) values, and the value from which a customer is of class A.
    """
    window = settings.periods(date(1970, 1, 1) + timedelta(days=day)).window
    since = history.before(day_number(window.since))
    until = history.before(day_number(window.until))
    sums = history.sums
    if settings.metric == "count":
        value = (sums.orders[until] - sums.orders[since]).astype(np.float64)
    else:
        value = sums.net[until] - sums.net[since]
    return classes_by(np.where(until > since, value, np.nan), settings)


def classes_by(value: Floats, settings: Settings) -> Classes:
    """Classify customers by their (n,) values; NaN without sales.

    Returns
    -------
    tuple
        As of `classes_at`.
    """
    if np.isnan(value).all():
        return np.full(len(value), -1, np.int8), value, float("nan")
    with warnings.catch_warnings():
        # Classes of past days, which say little at the beginning of a history, are nobody's news.
        warnings.simplefilter("ignore", AbcxyzWarning)
        result = classify_abc(value, settings.abc)
    return result.codes, value, float(result.cuts.first)


def attribute_columns(
    customers: Iterable[Any],
    attributes: Mapping[Any, Mapping[str, object]],
    names: Iterable[str] | None = None,
) -> dict[str, Any]:
    """Return attributes of customers as columns of features: numbers, or else texts.

    Parameters
    ----------
    customers
        The n customers.
    attributes
        Customer -> name -> value; customers may be named by text too.
    names
        The attributes to take; None for all.

    Warns
    -----
    AbcxyzWarning
        No customer has a value of an attribute, which is then left out.

    Examples
    --------
    >>> found = attribute_columns(["a", 7], {"a": {"staff": 3}, "7": {"staff": 5}})
    >>> found["attribute:staff"].tolist()
    [3.0, 5.0]
    """
    known = [attributes.get(who) or attributes.get(str(who)) or {} for who in customers]
    every = list(dict.fromkeys(name for one in known for name in one))
    columns: dict[str, Any] = {}
    for name in every if names is None else names:
        values = [None if one.get(name) == "" else one.get(name) for one in known]
        some = [one for one in values if one is not None]
        if not some:
            warnings.warn(
                AbcxyzWarning(
                    "no customer has the attribute {name!r}, from which was to be learned; known "
                    "are {known}",
                    name=name,
                    known=", ".join(every) or "-",
                ),
                stacklevel=2,
            )
            continue
        if all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in some):
            columns[ATTRIBUTE + name] = np.array(values, dtype=np.float64)
        else:
            words = np.empty(len(values), dtype=object)
            words[:] = ["" if one is None else str(one) for one in values]
            columns[ATTRIBUTE + name] = words
    return columns
