"""Hypothesis strategies for windows, sales and analyses."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import strategies as st

from abcxyz.core.analysis.analyze import analyze
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions
from abcxyz.testing.synthetic import AS_OF, HOSTILE, YEAR

__all__ = ["analyses", "customer_ids", "transactions", "windows"]


def customer_ids() -> st.SearchStrategy[str]:
    """Strategy of identifiers: numbers as text, words of any script, and hostile ones."""
    letters = st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"))
    words = st.text(letters, min_size=1, max_size=12)
    return st.one_of(st.integers(1, 10**9).map(str), words, st.sampled_from(HOSTILE)).map(
        lambda one: one.strip() or "0"
    )


@st.composite
def windows(
    draw: st.DrawFn, *, since: date = date(2000, 1, 1), until: date = date(2100, 1, 1)
) -> Window:
    """Strategy of windows between two days."""
    first = draw(st.dates(since, until - timedelta(days=1)))
    return Window(first, draw(st.dates(first + timedelta(days=1), until)))


@st.composite
def transactions(
    draw: st.DrawFn, *, window: Window = YEAR, min_size: int = 0, max_size: int = 40
) -> Transactions:
    """Strategy of sales within *window*, with amounts in kopecks, including returns."""
    lines = draw(
        st.lists(
            st.tuples(
                st.sampled_from(draw(st.lists(customer_ids(), min_size=1, max_size=6))),
                st.integers(0, window.days - 1),
                st.integers(-(10**7), 10**9),
            ),
            min_size=min_size,
            max_size=max_size,
        )
    )
    ids = np.empty(len(lines), dtype=object)
    ids[:] = [line[0] for line in lines]
    days = np.datetime64(window.since) + np.array([line[1] for line in lines], dtype="m8[D]")
    return Transactions(ids, days, np.array([line[2] / 100 for line in lines], dtype=float))


def analyses() -> st.SearchStrategy[Analysis]:
    """Strategy of analyses of any sales, on the day `abcxyz.testing.synthetic.AS_OF`."""
    return transactions(min_size=1).map(lambda sales: analyze(sales, as_of=AS_OF))
