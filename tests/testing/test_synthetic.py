"""Synthetic sales and the search for leaked secrets."""

from __future__ import annotations

import base64
import json
from collections import Counter
from urllib.parse import quote, quote_plus

import numpy as np
import pytest
from hypothesis import given

from abcxyz import Window
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import UnavailableError
from abcxyz.testing import HOSTILE, leaks, make_analysis, make_transactions
from abcxyz.testing.sources import facts
from abcxyz.testing.strategies import analyses, customer_ids, transactions, windows
from abcxyz.testing.synthetic import AS_OF, YEAR


def test_the_same_seed_makes_the_same_sales() -> None:
    """Equal seeds give equal sales, others different ones."""
    assert make_transactions() == make_transactions()
    assert make_transactions() != make_transactions(seed=1)


def test_sales_have_what_breaks_careless_code() -> None:
    """Every customer buys, both window ends have sales, with returns and duplicates."""
    sales = make_transactions()
    assert set(HOSTILE) == set(sales.customer.tolist())
    assert (YEAR.since, YEAR.last) == (sales.day.min().item(), sales.day.max().item())
    assert (sales.amount < 0).any()
    assert np.allclose(sales.amount * 100, np.round(sales.amount * 100))
    assert 2 in facts([sales]).values()
    assert sales.document is not None
    assert max(Counter(sales.document.tolist()).values()) > 1


def test_hostile_names_are_hostile() -> None:
    """HTML, formulas, quotes, emoji, bidi, line ends, combining marks and 10,000 characters."""
    everything = "".join(HOSTILE)
    for mark in ("<script>", "=", "'", '"', "\N{GRINNING FACE}", "\N{RIGHT-TO-LEFT OVERRIDE}",
                 "\n", "\t", "\N{COMBINING ACUTE ACCENT}", "{", "%s", ";"):  # fmt: skip
        assert mark in everything
    assert 10_000 == max(map(len, HOSTILE))
    assert len(HOSTILE) == len({name.strip() for name in HOSTILE})


def test_an_analysis_has_somebody_without_a_class() -> None:
    """The last customer is unclassified; other seeds give other segments."""
    first, second = make_analysis(), make_analysis(seed=1)
    assert AS_OF == first.snapshot.as_of
    assert -1 == first.snapshot.segment[-1]
    assert (first.snapshot.segment[:-1] >= 0).all()
    assert first.snapshot.segment.tolist() != second.snapshot.segment.tolist()
    assert set(HOSTILE) == set(first.names.values())


SECRET = 'ключ/s3cr3t "1"'


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe="").replace("%D0", "%d0").replace("%D1", "%d1").lower(),
        quote_plus(SECRET),
        json.dumps({"a": SECRET}),
        repr(SECRET + "\n"),
        base64.b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
    ],
)
def test_a_leak_is_found_in_every_spelling(spelled: str) -> None:
    """Leaks are detected plain, percent-encoded, in JSON, repr, Base64 and hex."""
    assert [SECRET] == leaks(f"GET /{spelled}/x", [SECRET, "other"])


def test_a_leak_is_found_in_a_cause_and_in_details() -> None:
    """The whole exception chain is searched up to ``from None``."""

    def fail(*, cut: bool) -> BaseException:
        try:
            try:
                raise OSError(SECRET)
            except OSError as problem:
                raise UnavailableError("closed") from None if cut else problem
        except UnavailableError as caught:
            return caught

    assert [SECRET] == leaks(fail(cut=False), [SECRET])
    assert [] == leaks(fail(cut=True), [SECRET])
    assert [SECRET] == leaks(UnavailableError("closed", token=SECRET), [SECRET])


@given(windows())
def test_windows_hold_a_day(window: Window) -> None:
    """A generated window has at least one day."""
    assert window.days >= 1


@given(transactions(min_size=1))
def test_drawn_sales_lie_in_the_year(sales: Transactions) -> None:
    """Generated sales are in kopecks and inside the window."""
    assert YEAR.holds(sales.day).all()
    assert np.allclose(sales.amount * 100, np.round(sales.amount * 100))


@given(customer_ids())
def test_drawn_customers_are_tidy(customer: str) -> None:
    """Generated identifiers are non-empty without surrounding spaces."""
    assert customer
    assert customer == customer.strip()


@given(analyses())
def test_drawn_analyses_are_whole(analysis: Analysis) -> None:
    """Every customer of the sales is once in the generated analysis."""
    customers = analysis.snapshot.customers.tolist()
    assert (
        len(customers)
        == len(set(customers))
        == int(analysis.matrix.counts.sum()) + int(np.count_nonzero(analysis.snapshot.segment < 0))
    )
