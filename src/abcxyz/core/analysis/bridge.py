"""Bridge: how the value of one window became that of the next, by what customers did."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Codes, Floats, Ints, earliest_day, freeze
from abcxyz.core.dynamics.alignment import align
from abcxyz.core.minor_units import money_difference, money_sum
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.panel import Panel

__all__ = [
    "STEPS",
    "Bridge",
    "BridgeStep",
    "YearBefore",
    "bridge_between",
    "first_sale",
    "year_before",
]

STEPS = ("new", "grown", "shrunk", "gone")
"""What a customer did between two windows; -1 for neither: the same value, or no sales in both."""

_QUIET = timedelta(days=31)  # without sales at the start of a window: normal in a small company


@frozen(kw_only=True)
class YearBefore:
    """The window before that of a panel, for its n customers.

    Parameters
    ----------
    window
        The window before; it ends where the window of the panel begins.
    edges
        First day of every bucket of it, and the day after the last one.
    value
        (n,) the metric over it; NaN without sales in it.
    sales
        (n, p) the metric per bucket; NaN without sales.
    covered
        Whether the sales begin early enough for a comparison.
    first
        Day of the first sale in it; None without one.
    """

    __hash__ = None  # type: ignore[assignment]

    window: Window
    edges: tuple[date, ...]
    value: Floats = field(eq=SAME_ARRAYS)
    sales: Floats = field(eq=SAME_ARRAYS)
    covered: bool
    first: date | None


def first_sale(panel: Panel) -> date | None:
    """Return the day of the first sale of a panel, or of what it was taken from; None without."""
    return earliest_day(panel.first_day) if panel.first_sale is None else panel.first_sale


def year_before(panel: Panel) -> YearBefore | None:
    """Return the window before that of a panel, in the order of its customers.

    Returns
    -------
    YearBefore or None
        None where it was not aggregated; see `abcxyz.core.sales.panel.aggregate`.
    """
    past = panel.earlier
    if past is None:
        return None
    n = len(panel)
    aligned = align(past.customers, panel.customers)
    value = aligned.of_before(past.value.astype(np.float64), np.nan)[:n]
    places = aligned.before[:n]
    sales = np.full((n, past.periods.count), np.nan)
    sales[places >= 0] = past.sales[places[places >= 0]]
    first = first_sale(past)
    since = past.periods.window.since
    late = since + _QUIET + (past.periods.edges[1] - past.periods.edges[0])
    return YearBefore(
        window=past.periods.window,
        edges=past.periods.edges,
        value=freeze(value),
        sales=freeze(sales),
        covered=first is not None and first < late,
        first=first,
    )


@frozen
class BridgeStep:
    """Customers who did the same between two windows, and the change of their value."""

    step: str
    customers: int
    change: float


@frozen(kw_only=True)
class Bridge:
    """How the value of one window became that of the next one.

    Parameters
    ----------
    before, after
        Value of all customers in the window before, and in the later one.
    steps
        Totals of `STEPS`: *before* plus their changes is *after*, to the unit of money.
    codes
        (n,) position in `STEPS` of what each customer did; -1 for neither.
    change
        (n,) change of each customer's value; 0 without sales in both.
    """

    __hash__ = None  # type: ignore[assignment]

    before: float
    after: float
    steps: tuple[BridgeStep, ...]
    codes: Codes = field(eq=SAME_ARRAYS)
    change: Floats = field(eq=SAME_ARRAYS)

    @property
    def growth(self) -> float:
        """Relative change of the value; NaN where there was none before."""
        return (self.after - self.before) / self.before if self.before > 0 else float("nan")

    def of(self, step: str) -> BridgeStep:
        """Return the total of one of `STEPS`."""
        return self.steps[STEPS.index(step)]

    def places(self, step: str) -> Ints:
        """Return the positions of the customers of one of `STEPS`, the largest change first."""
        chosen = np.flatnonzero(self.codes == STEPS.index(step))
        return chosen[np.argsort(-np.abs(self.change[chosen]), kind="stable")]


def bridge_between(before: Any, after: Any) -> Bridge:
    """Explain the change between two windows that share no day by what customers did.

    Parameters
    ----------
    before, after
        (n,) value of the same customers in either window; NaN without sales.

    Notes
    -----
    A customer with sales in the later window only is *new*, in the earlier one only *gone*; with
    sales in both, one whose value rose is *grown*, and one whose value fell *shrunk*.

    Examples
    --------
    >>> nan = float("nan")
    >>> bridge = bridge_between([100, 50, 30, nan], [120, 20, nan, 40])
    >>> [(one.step, one.customers, one.change) for one in bridge.steps]
    [('new', 1, 40.0), ('grown', 1, 20.0), ('shrunk', 1, -30.0), ('gone', 1, -30.0)]
    >>> bridge.before, bridge.after
    (180.0, 180.0)
    """
    was, now = (np.asarray(one, dtype=np.float64) for one in (before, after))
    had, has = ~np.isnan(was), ~np.isnan(now)
    change = money_difference(np.nan_to_num(now), np.nan_to_num(was))
    codes = np.full(len(was), -1, dtype=np.int8)
    both = had & has
    did = (has & ~had, both & (change > 0), both & (change < 0), had & ~has)
    for code, chosen in enumerate(did):
        codes[chosen] = code
    return Bridge(
        before=money_sum(was[had]),
        after=money_sum(now[has]),
        steps=tuple(
            BridgeStep(name, int((codes == code).sum()), money_sum(change[codes == code]))
            for code, name in enumerate(STEPS)
        ),
        codes=freeze(codes),
        change=freeze(change),
    )
