"""Classification rules, against worked examples and a slow reference implementation."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracles import classes as twin

from abcxyz import (
    CountShares,
    CumulativeMean,
    Limits,
    Rule,
    Shares,
    Tangent,
    classify_abc,
    classify_cv,
)
from abcxyz.errors import InputError

RULES: dict[str, Rule] = {
    "tangent": Tangent(),
    "cumulative_mean": CumulativeMean(),
    "shares": Shares(),
    "count_shares": CountShares(),
}
TWINS: dict[str, Callable[[twin.Values], str]] = {
    "tangent": twin.tangent,
    "cumulative_mean": twin.cumulative_mean,
    "shares": twin.shares,
    "count_shares": twin.count_shares,
}
N = float("nan")
#: Values, then the classes under the tangent, 1C's walk, 80/95 of money, 20/50 of customers.
EXAMPLES = [
    ([500, 300, 200, 100, 50, 40, 30, 20, 10, 5],
     "AAABBBCCCC", "AABBBCCCCC", "AAAABBBCCC", "AABBBCCCCC"),
    ([9500, 200, 100, 100, 100], "ABCCC", "BBCCC", "ACCCC", "ABBBB"),
    ([100] * 6, "AAAAAA", "AAAAAA", "AAAAAA", "AAAAAA"),
    ([100], "A", "C", "A", "A"),
    ([60, 40], "AB", "BC", "AA", "AC"),
    ([50, 50], "AA", "AA", "AA", "AA"),
    ([100, 50, 20, -10], "AABC", "ABCC", "AABC", "ABCC"),
    ([10, -10], "AC", "AC", "AC", "AC"),
    ([0, 0, 0], "CCC", "AAA", "CCC", "CCC"),
    ([5, 0, 0], "ACC", "BBB", "ACC", "ACC"),
    ([100, N, 0, N, 40], "ANCNB", "BNCNC", "ANCNA", "ANCNB"),
    ([N, N], "NN", "NN", "NN", "NN"),
    ([-1, -2], "CC", "AC", "CC", "CC"),
    ([27000, 24000, 18000, 16000, 6000, 5000, 4000],
     "AAAABBC", "AABBCCC", "AAAABBC", "AABBCCC"),
    ([10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
     "AAAAABBBCC", "AAAABBBCCC", "AAAAAABBBC", "AABBBCCCCC"),
    ([60] + [10] * 14, "A" + "B" * 14, "A" * 15, "A" * 15, "A" * 15),
    ([10, 10, 10, 5, 5, 5, 1, 1, 1], "AAABBBCCC", "AAABBBCCC", "AAAAAABBB", "AAABBBCCC"),
    ([3, 1, 3, 1, 1, 3], "ABABBA", "ABABBA", "AAAAAA", "ACACCA"),
    ([1, 15, 25, 17, 2, 3, 5, 6, 2, 3, 22],
     "CAAACCBBCCA", "CBAACCBBCCA", "CAAACBBACBA", "CBAACCBBCCA"),
    ([0.1, 0.2, 0.3], "BAA", "CBA", "BAA", "CBA"),
    ([1499.1] * 7, "A" * 7, "A" * 7, "A" * 7, "A" * 7),
    ([99, 0.5, 0.5], "ABB", "BBB", "ACC", "ABB"),
]  # fmt: skip

kopecks = st.lists(st.none() | st.integers(-30, 60), min_size=1, max_size=40)


def classes(values: object, rule: Rule) -> str:
    return "".join(label or "N" for label in classify_abc(values, rule).labels)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: str(row[0])[:30])
def test_worked_examples(row: tuple[list[float], str, str, str, str], name: str) -> None:
    """Every rule reproduces the worked examples of the specification."""
    values, *expected = row

    assert expected[list(RULES).index(name)] == classes(values, RULES[name])


@pytest.mark.parametrize(
    ("values", "rule", "expected"),
    [
        ([80, 15, 5], Shares(), "ABC"),
        ([79, 2, 14, 5], Shares(), "ACAB"),
        ([27000, 24000, 18000, 16000, 6000, 5000, 4000], Shares(0.7, 0.9), "AAAABCC"),
        ([120, 100, 99.99, 10, 9.99, -5], Limits(100, 10), "AABBCC"),
    ],
)
def test_thresholds_met_exactly(values: list[float], rule: Rule, expected: str) -> None:
    """A sum that meets a threshold ends the class; one that crosses it stays above."""
    assert expected == classes(values, rule)


@pytest.mark.parametrize("name", RULES)
@given(values=kopecks)
def test_integers_equal_the_reference(name: str, values: list[int | None]) -> None:
    """On integers with ties, returns and gaps the classes equal the reference."""
    exact = [None if v is None else Fraction(v) for v in values]

    assert TWINS[name](exact) == classes(values, RULES[name])
    if None not in values:
        assert TWINS[name](exact) == classes(np.array(values, dtype=np.int64), RULES[name])


@pytest.mark.parametrize("name", RULES)
@given(values=kopecks, scale=st.sampled_from(["0.01", "0.1", "0.3", "1234.57", "1e-9", "1e12"]))
def test_decimals_equal_the_reference(name: str, values: list[int | None], scale: str) -> None:
    """Decimals inexact in binary are classified as in decimal arithmetic."""
    exact = [None if v is None else Fraction(v) * Fraction(scale) for v in values]

    assert TWINS[name](exact) == classes(
        [None if v is None else float(v) for v in exact], RULES[name]
    )


@pytest.mark.parametrize("name", RULES)
@given(values=kopecks, order=st.randoms(use_true_random=False))
def test_order_does_not_matter(name: str, values: list[int | None], order: object) -> None:
    """Classes do not depend on the order of the customers."""
    places = list(range(len(values)))
    order.shuffle(places)  # type: ignore[attr-defined]
    amounts = [N if v is None else v / 100 for v in values]

    before = classes(amounts, RULES[name])
    after = classes([amounts[i] for i in places], RULES[name])

    assert "".join(before[i] for i in places) == after


@pytest.mark.parametrize("name", RULES)
@given(values=kopecks, factor=st.integers(1, 10**6))
def test_unit_of_money_does_not_matter(name: str, values: list[int | None], factor: int) -> None:
    """Classes do not depend on the unit of money, ties included."""
    roubles = [N if v is None else v / 100 for v in values]
    other = [N if v is None else v / 100 * factor for v in values]

    assert classes(roubles, RULES[name]) == classes(other, RULES[name])


@pytest.mark.parametrize("name", RULES)
@given(values=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60))
def test_every_customer_has_one_class_and_equals_the_same(name: str, values: list[float]) -> None:
    """Classes of floats follow the values, are equal for ties and skip gaps."""
    result = classify_abc(values, RULES[name])
    codes = result.codes

    assert set(codes.tolist()) <= {0, 1, 2}
    order = np.argsort(-np.asarray(values), kind="stable")
    assert bool(np.all(np.diff(codes[order]) >= 0))
    for value in set(values):
        assert len({c for c, v in zip(codes.tolist(), values, strict=True) if v == value}) == 1
    with_gaps = classify_abc([N, *values, N], RULES[name])
    assert codes.tolist() == with_gaps.codes.tolist()[1:-1]
    assert result.cuts == with_gaps.cuts


@pytest.mark.parametrize("name", ["tangent", "shares", "count_shares"])
@given(values=kopecks, times=st.integers(2, 4))
def test_repeating_everybody_changes_nothing(
    name: str, values: list[int | None], times: int
) -> None:
    """Repeating all customers k times leaves the classes unchanged."""
    assert classes(values, RULES[name]) * times == classes(values * times, RULES[name])


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=60))
def test_mean_split_is_the_farthest_point(values: list[int]) -> None:
    """Means divide where the curve is farthest above its chord."""
    down = sorted(values, reverse=True)
    heights = np.cumsum(np.array(down) * len(down) - sum(down))
    farthest = len(down) - int(np.argmax(heights[::-1]))

    assert farthest == int(np.count_nonzero(classify_abc(values).codes == 0))


def test_whole_numbers_are_exact() -> None:
    """Integers beyond the precision of a float are compared exactly."""
    large = 2**60
    values = np.array([large, large, large, large - 1], dtype=np.int64)

    assert classes(values, Tangent()) == "AAAB"
    assert classes(values.astype(np.float64), Tangent()) == "AAAA"


def test_mean_of_many_kopecks_is_not_rounded_past_anybody() -> None:
    """No integer below a mean that floats cannot represent counts as equal to it."""
    base = 10**12
    values = np.full(10_000_019, base, dtype=np.int64)
    values[0] += 1

    result = classify_abc(values)

    assert result.codes[:3].tolist() == [0, 1, 1]


@pytest.mark.parametrize("value", [0.1, 1499.1, 33.33, 1 / 3])
@pytest.mark.parametrize("count", [3, 6, 7, 49, 100_003])
def test_equal_amounts_are_never_divided(value: float, count: int) -> None:
    """Equal amounts share a class although their binary mean differs from them."""
    for rule in RULES.values():
        assert set(classify_abc([value] * count, rule).codes.tolist()) == {0}


def test_near_the_mean_counts_as_on_it() -> None:
    """A few units in the last place below the cut count as equal, a thousand do not."""
    mean = 100.0
    ulp = np.spacing(mean)
    for steps, expected in ((10, "A"), (1000, "B")):
        values = [mean - steps * ulp, mean + steps * ulp]
        assert expected == classes(values, Tangent())[0]


def test_mixed_signs_do_not_hide_the_mean() -> None:
    """With returns as large as the sales the mean is exact in any order."""
    rng = np.random.default_rng(3)
    large = rng.integers(10**12, 10**13, 2_000).astype(float)
    values = np.concatenate([large, -large, [3.0, 2.0, 1.0, 0.0, -6.0]])
    expected = twin.tangent([Fraction(v) for v in values])
    places = rng.permutation(len(values))

    assert expected == classes(values, Tangent())
    assert "".join(expected[i] for i in places) == classes(values[places], Tangent())


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_cv_rules_equal_the_reference(values: list[int]) -> None:
    """CV rules equal the reference, a tangent tie going to the steadier class."""
    exact = [Fraction(v, 20) for v in values]
    cv = [float(v) for v in exact]

    assert twin.tangent_cv(exact) == "".join(classify_cv(cv).labels)
    walked = twin.cumulative_mean(exact, "ZYX")
    assert walked == "".join(classify_cv(cv, CumulativeMean()).labels)


@pytest.mark.parametrize(
    ("cv", "rule", "expected"),
    [
        ([1.5, 0.9, 0.6, 0.3, 0.2, 0.1], Tangent(), "ZZYXXX"),
        ([0.5, 0.5, 0.2, 0.2, 0.1, 0.1], Tangent(), "ZZYYXX"),
        ([1.0, 0, 0], Tangent(), "ZXX"),
        ([0, 0, 0], CumulativeMean(), "ZZZ"),
        ([0.1, 0.1001, 0.25, 0.2501, N, 0], Limits(), "XYYZZX"),
    ],
)
def test_cv_examples(cv: list[float], rule: Rule, expected: str) -> None:
    """Ties, zeros and undefined CVs are classified as the specification requires."""
    assert expected == "".join(classify_cv(cv, rule).labels)


def test_rounded_percentages() -> None:
    """`cv_decimals` rounds the percentage before the cumulative walk."""
    cv = [0.30149, 0.30151, 0.9, 0.1]

    assert "".join(classify_cv(cv, CumulativeMean(0)).labels)[:2] in ("XX", "YY")
    assert classify_cv(cv, CumulativeMean(2)).cv.tolist() == [0.3015, 0.3015, 0.9, 0.1]


@pytest.mark.parametrize("kind", [Shares, CountShares])
def test_shares_are_cumulative(kind: type[Shares | CountShares]) -> None:
    """0 < a < b <= 1: equal ones would leave no room for B."""
    assert (kind(0.5, 1.0).a, kind(0.5, 1.0).b) == (0.5, 1.0)
    for a, b in ((0.5, 0.5), (0.0, 0.5), (0.8, 0.5), (0.5, 1.01), (-0.1, 0.5)):
        with pytest.raises(InputError, match="0 < a < b <= 1"):
            kind(a, b)


def test_a_rule_refuses_values_of_nobody() -> None:
    """On amounts and on coefficients, which its message names."""
    with pytest.raises(InputError, match="values holds no classified value"):
        Tangent().cut([np.nan, np.nan])
    with pytest.raises(InputError, match="cv holds no classified value"):
        Tangent().cut_cv([np.nan, np.nan])
