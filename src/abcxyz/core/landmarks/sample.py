"""Examples of past landmarks: which days, which customers, and their outcomes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.landmarks.features import Features, features_at
from abcxyz.core.landmarks.model import Examples
from abcxyz.core.landmarks.order_history import OrderHistory
from abcxyz.core.snapshots.settings import Settings

__all__ = ["STEP", "WARM_UP", "landmark_days", "past_examples", "sample_rows"]

STEP = 30
"""Days from one landmark to the next."""

WARM_UP = 30
"""Days of sales before the first landmark."""

_MOST_CUSTOMERS = 8_000
_MOST_ROWS = 40_000
_MOST_LANDMARKS = 24
_SPREAD = 4  # neighbouring rows that are examples at the same landmarks, one of each fold


def sample_rows(n: int, most: int = _MOST_CUSTOMERS) -> Ints:
    """Return the rows of a sample of customers, ascending; the same in every run.

    Notes
    -----
    Rows are ordered by a multiplicative hash (Knuth), which does not follow the order of ids.
    """
    if n <= most:
        return np.arange(n)
    order = np.argsort((np.arange(n, dtype=np.uint64) * 2654435761) & 0xFFFFFFFF, kind="stable")
    return np.sort(order[:most])


def landmark_days(first: int, as_of: int, horizon: int) -> list[int]:
    """Return the landmarks whose outcome is known on a day, the latest first.

    Parameters
    ----------
    first, as_of
        First day of the sales, and the day before which outcomes are known.
    horizon
        Days after a landmark that the outcome covers.
    """
    days = range(as_of - horizon, first + WARM_UP - 1, -STEP)
    return list(days)[:_MOST_LANDMARKS]


def past_examples(
    history: OrderHistory,
    days: list[int],
    settings: Settings,
    horizon: int,
    outcome: Callable[[Features], tuple[Bools, Bools]],
    focus: Callable[[Features], Bools],
    *,
    more: Callable[[Features], Features] = lambda features: features,
) -> Examples | None:
    """Collect the examples of landmarks.

    Parameters
    ----------
    history
        Orders of n customers.
    days
        Landmarks, the latest first.
    settings, horizon
        As in `features_at`.
    outcome
        Features -> (n,) whether the customer is an example, and (n,) the outcome.
    focus
        Features -> (n,) whether decisions are made about the customer.
    more
        Features -> the same with further columns.

    Returns
    -------
    Examples or None
        About 40,000 at most: many customers are examples at some of the earlier landmarks only.
        None without any.
    """
    rows = max(len(history) * len(days), 1)
    thin = -(-rows // _MOST_ROWS)
    parts: list[tuple[dict[str, Floats], Bools, Ints, Bools, int]] = []
    for k, day in enumerate(days):
        features = more(features_at(history, day, settings, horizon))
        eligible, truth = outcome(features)
        chosen = np.flatnonzero(eligible)
        if k and thin > 1:
            chosen = chosen[(chosen // _SPREAD + k) % thin == 0]
        columns = {name: one[chosen] for name, one in features.columns.items()}
        parts.append((columns, truth[chosen], chosen, focus(features)[chosen], day))
    if not parts:
        return None
    return Examples(
        columns={
            name: np.concatenate([columns[name] for columns, *_ in parts]) for name in parts[0][0]
        },
        outcome=np.concatenate([truth for _, truth, *_ in parts]),
        unit=np.concatenate([unit for _, _, unit, *_ in parts]),
        day=np.concatenate([np.full(len(unit), day) for _, _, unit, _, day in parts]),
        focus=np.concatenate([one for *_, one, _ in parts]),
    )
