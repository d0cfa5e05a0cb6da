"""Synthetic sales, with realistic and hostile customer names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np

from abcxyz.core.analysis.analyze import analyze
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions
from abcxyz.core.snapshots.settings import Settings

__all__ = ["AS_OF", "HOSTILE", "YEAR", "make_analysis", "make_transactions"]

AS_OF = date(2026, 11, 1)
"""Day of the classification of `make_analysis`."""

YEAR = Window(date(2025, 11, 1), AS_OF)
"""Window filled by `make_transactions`: the one that is classified on `AS_OF`."""

HOSTILE = (
    "<script>alert('x')</script>",
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("http://example.com";"x")',
    "@SUM(A1:A9)",
    "+7 (912) 000-00-00",
    "-10% Дискаунтер",
    "ООО «Ёлка; и, точка с запятой»",
    "O'Connor\\'; DROP TABLE customers;--",
    "{amount} %s {{ 7*7 }} ${x}",
    "\N{GRINNING FACE}\N{ZERO WIDTH JOINER}\N{FAMILY}",
    "\N{RIGHT-TO-LEFT OVERRIDE}терес\N{POP DIRECTIONAL FORMATTING} Плюс",
    "two\nlines\tand a tab",
    "e\N{COMBINING ACUTE ACCENT} or \N{LATIN SMALL LETTER E WITH ACUTE}",
    "NULL",
    "00017",
    "1e5",
    "ten thousand " * 769 + "abc",
)
"""Names that occur in customer lists and break careless code."""


def make_transactions(
    customers: Sequence[str] = HOSTILE,
    *,
    seed: int = 0,
    window: Window = YEAR,
    lines: int = 400,
) -> Transactions:
    """Generate *lines* sales of *customers* in *window*.

    Parameters
    ----------
    customers
        Identifiers; the first ones buy most, and each buys something.
    seed
        Seed of the random numbers.
    window
        Window of the sales; its first and last day have some.
    lines
        Number of lines, at least one per customer.

    Returns
    -------
    Transactions
        Sales with amounts of two decimals, with cost and document; some are returns, some
        documents have several lines, two lines are identical.

    Examples
    --------
    >>> sales = make_transactions(["a", "b"], lines=10)
    >>> len(sales), sales.day.min(), sales.day.max()
    (10, np.datetime64('2025-11-01'), np.datetime64('2026-10-31'))
    """
    random = np.random.default_rng(seed)
    lines = max(lines, len(customers), 4)
    weights = 1 / np.arange(1, len(customers) + 1)
    chosen = random.choice(len(customers), lines, p=weights / weights.sum())
    chosen[: len(customers)] = np.arange(len(customers))
    day = random.integers(0, window.days, lines)
    day[:2] = 0, window.days - 1
    amount = np.round(random.lognormal(8, 1, lines) / (1 + chosen), 2) + 0.01
    returned = random.random(lines) < 0.05
    returned[: max(4, len(customers))] = False
    amount[returned] = -np.round(amount[returned] / 2, 2)
    document = np.array([f"D{n // 2}" for n in range(lines)], dtype=object)
    # Two identical lines, which are both sales.
    for column in (chosen, day, amount, document):
        column[-1] = column[-2]
    ids = np.empty(lines, dtype=object)
    ids[:] = [customers[n] for n in chosen]
    days = np.datetime64(window.since) + day.astype("m8[D]")
    return Transactions(ids, days, amount, np.round(amount * 0.7, 2), document)


def make_analysis(
    customers: Sequence[str] = HOSTILE,
    *,
    seed: int = 0,
    names: Mapping[str, str] | None = None,
    settings: Settings | None = None,
) -> Analysis:
    """Classify synthetic sales of *customers*.

    Parameters
    ----------
    customers
        Identifiers.
    seed
        Seed of the random numbers.
    names
        Customer to name; by default hostile names in rotation.
    settings
        Settings of the classification; the default ones if None.

    Returns
    -------
    Analysis
        Analysis as of `AS_OF`. The last customer bought long before the window, and is not
        classified.

    Examples
    --------
    >>> make_analysis(["a", "b", "c"]).snapshot.segment.tolist()[-1]
    -1
    """
    sales = make_transactions(customers[:-1], seed=seed, lines=max(400, 24 * len(customers)))
    old = Transactions(customers[-1:], [AS_OF - timedelta(days=500)] * len(customers[-1:]), [10.0])
    named = {one: HOSTILE[place % len(HOSTILE)] for place, one in enumerate(customers)}
    return analyze(
        [Transactions(sales.customer, sales.day, sales.amount), old],
        as_of=AS_OF,
        settings=settings,
        names=named if names is None else names,
    )
