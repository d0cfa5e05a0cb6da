"""Markov-chain forecast of class shares and revenue, with a backtest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Floats, freeze, same_numbers
from abcxyz.core.display import Drawable, brief, plain_number
from abcxyz.core.dynamics.alignment import align
from abcxyz.core.dynamics.comparison import check_comparable, compare_aligned
from abcxyz.core.dynamics.transitions import Transitions
from abcxyz.core.minor_units import money_sum
from abcxyz.core.sales.calendar import Window
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEAST_TRANSITIONS", "Forecast", "HeldBack", "chain", "forecast"]

LEAST_TRANSITIONS = 3
"""Least number of past transitions for an estimate of the rates."""


@frozen(kw_only=True, field_transformer=same_numbers)
class HeldBack:
    """Backtest of one past period, forecast from the periods before it.

    Parameters
    ----------
    dated
        The date of the period.
    share_error, share_error_unchanged
        Half the sum of the absolute differences of the state shares (the share of customers put
        into a wrong state), of the forecast and of the "no change" baseline.
    revenue, revenue_forecast, revenue_unchanged
        Actual revenue, and that of the forecast and of the baseline.
    """

    dated: date
    share_error: float
    share_error_unchanged: float
    revenue: float
    revenue_forecast: float
    revenue_unchanged: float

    @property
    def revenue_error(self) -> float:
        """Absolute error of the forecast revenue, as a share of the actual one."""
        return _relative(self.revenue_forecast, self.revenue)

    @property
    def revenue_error_unchanged(self) -> float:
        """Absolute error of the "no change" baseline, as a share of the actual revenue."""
        return _relative(self.revenue_unchanged, self.revenue)


def _relative(predicted: float, true: float) -> float:
    return abs(predicted - true) / abs(true) if true else float("nan")


@frozen(kw_only=True, field_transformer=same_numbers)
class Forecast(Drawable):
    """Forecast of the next period, if the past transition rates continue.

    Parameters
    ----------
    after
        The date of the last snapshot.
    states
        Classes and ``N``, not classified.
    customers
        (states,) expected numbers of customers.
    shares, shares_now
        (states,) shares of all known customers, expected and on the last date.
    revenue, revenue_now
        Expected revenue of the next period, and that of the last.
    transitions
        Number of past transitions used for the estimate.
    held_back
        Backtest of past periods, the oldest first; empty if the history is too short.
    """

    __hash__ = None  # type: ignore[assignment]

    after: date
    states: tuple[str, ...]
    customers: Floats = field(eq=SAME_ARRAYS)
    shares: Floats = field(eq=SAME_ARRAYS)
    shares_now: Floats = field(eq=SAME_ARRAYS)
    revenue: float
    revenue_now: float
    transitions: int
    held_back: tuple[HeldBack, ...] = ()

    def __repr__(self) -> str:
        shares = [
            f"{state} {share:.1%}" for state, share in zip(self.states, self.shares, strict=True)
        ]
        revenue = f"revenue {plain_number(self.revenue)}"
        return brief(self, f"after {self.after}", ", ".join(shares), revenue)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per state."""
        import pandas as pd

        return pd.DataFrame(
            {
                "state": self.states,
                "customers": self.customers,
                "share": self.shares,
                "share_now": self.shares_now,
            }
        )

    @property
    def error(self) -> tuple[float, float]:
        """Mean share error in the backtest: of the forecast, and of the "no change" baseline."""
        return self._mean("share_error"), self._mean("share_error_unchanged")

    @property
    def revenue_error(self) -> tuple[float, float]:
        """Mean relative revenue error in the backtest: of the forecast, and of the baseline."""
        return self._mean("revenue_error"), self._mean("revenue_error_unchanged")

    def _mean(self, name: str) -> float:
        errors = [getattr(one, name) for one in self.held_back]
        return float(np.mean(errors)) if errors else float("nan")

    @property
    def worth_it(self) -> bool | None:
        """Whether its share error is below that of the baseline; None without a backtest."""
        return self.error[0] < self.error[1] if self.held_back else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "after": self.after.isoformat(),
            "transitions": self.transitions,
            "states": {
                state: {"customers": customers, "share": share, "share_now": now}
                for state, customers, share, now in zip(
                    self.states,
                    self.customers.tolist(),
                    self.shares.tolist(),
                    self.shares_now.tolist(),
                    strict=True,
                )
            },
            "revenue": round(self.revenue, 2),
            "revenue_now": self.revenue_now,
            "worth_it": self.worth_it,
            "held_back": [
                attrs.asdict(one)
                | {
                    "dated": one.dated.isoformat(),
                    "revenue_forecast": round(one.revenue_forecast, 2),
                }
                for one in self.held_back
            ],
        }


def chain(windows: Sequence[Window]) -> tuple[int, ...]:
    """Choose adjoining windows, from the last one backwards.

    Parameters
    ----------
    windows
        In ascending order, such as rolling years by month.

    Returns
    -------
    tuple of int
        Positions, ascending.

    Examples
    --------
    >>> from datetime import date
    >>> months = [Window(date(2026, m, 1), date(2026, m + 2, 1)) for m in range(1, 8)]
    >>> chain(months)
    (0, 2, 4, 6)
    """
    chosen: list[int] = []
    for place in reversed(range(len(windows))):
        if not chosen or windows[place].until == windows[chosen[-1]].since:
            chosen.append(place)
    return tuple(reversed(chosen))


def forecast(snapshots: Iterable[Snapshot], *, by: str = "abc") -> Forecast:
    """Forecast the state shares and the revenue of the next period.

    Parameters
    ----------
    snapshots
        At least four, of adjoining windows, ascending: quarters of three months, years of
        twelve. From a history of rolling windows select those that `chain` returns.
    by
        ``abc``, ``xyz``, ``segment`` or ``group``.

    Returns
    -------
    Forecast
        With a backtest against the "no change" baseline on every past period preceded by at
        least three transitions.

    Raises
    ------
    InputError
        Fewer than three transitions, a snapshot without any classified customer, windows that
        overlap or do not adjoin, different settings.

    Notes
    -----
    A first-order Markov chain over the classes and ``N``: the counts of all transitions are added
    up and normalised by row, and today's customers move with these rates. The number of new
    customers is the average of the past transitions. The revenue of today's customers changes, by
    state, at its past rate; that of new customers, and of those who return from ``N``, is the
    past average.

    Examples
    --------
    >>> from abcxyz.core.dynamics.backfill import backfill
    >>> from abcxyz.core.snapshots.settings import Settings
    >>> from abcxyz.demo import DEMO_AS_OF, demo_sales
    >>> quarters = list(backfill(demo_sales().transactions, since=date(2025, 1, 1),
    ...                          as_of=DEMO_AS_OF, settings=Settings(period="1Q", bucket="M")))
    >>> result = forecast(quarters)
    >>> result.states, result.transitions, len(result.held_back)
    (('A', 'B', 'C', 'N'), 6, 3)
    """
    known = list(snapshots)
    _check(known)
    moves = [
        compare_aligned(one, two, align(one.customers, two.customers), by=by)
        for one, two in pairwise(known)
    ]
    last = moves[-1]
    now = _Standing.after(last)
    next_customers, revenue = _spread(moves, now)
    return Forecast(
        after=known[-1].dated,
        states=last.states[:-1],
        customers=freeze(next_customers),
        shares=freeze(_shares(next_customers)),
        shares_now=freeze(_shares(now.customers)),
        revenue=revenue,
        revenue_now=money_sum(now.money),
        transitions=len(moves),
        held_back=tuple(
            _held_back(moves[:place], moves[place], known[place + 1].dated)
            for place in range(LEAST_TRANSITIONS, len(moves))
        ),
    )


def _check(known: Sequence[Snapshot]) -> None:
    if len(known) <= LEAST_TRANSITIONS:
        raise InputError(
            "a forecast needs {least} transitions, that is {wanted} snapshots of adjoining "
            "windows, and there {count:is|are} {count} {count:snapshot|snapshots}; fill the "
            "history with backfill, or take a shorter period",
            least=LEAST_TRANSITIONS,
            wanted=LEAST_TRANSITIONS + 1,
            count=len(known),
        )
    empty = [one for one in known if (one.segment < 0).all()]
    if empty:
        raise InputError(
            "nobody has a class in {count} of the {all} snapshots, first in that of {dated}: no "
            "sales were read for its window; fill the history with sales of these windows, or "
            "forecast from the snapshots that have some",
            count=len(empty),
            all=len(known),
            dated=empty[0].dated,
        )
    for one, two in pairwise(known):
        check_comparable(one, two)
        before, after = one.periods.window, two.periods.window
        if after.since < before.until:
            raise InputError(
                "the windows {before} and {after} overlap: customers seem to stay because the "
                "same sales are counted twice, so no forecast is made; take snapshots a whole "
                "window apart",
                before=before,
                after=after,
            )
        if after.since != before.until:
            raise InputError(
                "the windows {before} and {after} do not adjoin, so their transition is another "
                "step than the others; fill the gap with backfill",
                before=before,
                after=after,
            )


@frozen
class _Standing:
    """Customers and money by state, the classes and N."""

    customers: Floats
    money: Floats

    @classmethod
    def after(cls, moves: Transitions) -> _Standing:
        return cls(
            moves.counts[:, :-1].sum(axis=0).astype(np.float64),
            moves.money_after[:, :-1].sum(axis=0),
        )

    @classmethod
    def before(cls, moves: Transitions) -> _Standing:
        counts = moves.counts[:-1].sum(axis=1).astype(np.float64)
        return cls(counts, moves.money_before[:-1].sum(axis=1))


def _spread(moves: Sequence[Transitions], now: _Standing) -> tuple[Floats, float]:
    """Apply the past transition rates to the customers of *now*; return customers and revenue."""
    counts = np.sum([one.counts for one in moves], axis=0).astype(np.float64)
    before = np.sum([one.money_before.sum(axis=1) for one in moves], axis=0)
    after = np.sum([one.money_after.sum(axis=1) for one in moves], axis=0)
    stayed, came = counts[:-1, :-1], counts[-1, :-1] / len(moves)
    rows = counts[:-1].sum(axis=1)
    rates = np.divide(stayed, rows[:, None], out=np.eye(len(rows)), where=rows[:, None] > 0)
    each = np.divide(after[:-1], rows, out=np.zeros(len(rows)), where=rows > 0)
    growth = np.divide(after[:-1], before[:-1], out=np.ones(len(rows)), where=before[:-1] > 0)
    money = np.where(before[:-1] > 0, now.money * growth, now.customers * each)
    return now.customers @ rates + came, float(money.sum() + after[-1] / len(moves))


def _shares(customers: Floats) -> Floats:
    total = customers.sum()
    shares: Floats = customers / total if total else customers
    return shares


def _held_back(past: Sequence[Transitions], true: Transitions, dated: date) -> HeldBack:
    now, then = _Standing.before(true), _Standing.after(true)
    predicted, revenue = _spread(past, now)
    shares = _shares(then.customers)
    return HeldBack(
        dated=dated,
        share_error=float(np.abs(_shares(predicted) - shares).sum() / 2),
        share_error_unchanged=float(np.abs(_shares(now.customers) - shares).sum() / 2),
        revenue=money_sum(then.money),
        revenue_forecast=revenue,
        revenue_unchanged=money_sum(now.money),
    )
