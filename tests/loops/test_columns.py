"""Compiled loops over columns against numpy's."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import AbcResult, Limits, Tangent, classify_abc
from abcxyz.core.exact_sums import BLOCK
from abcxyz.core.sums import Survey, survey
from abcxyz.errors import InputError
from abcxyz.loops import compile_loops, route, threads

pytest.importorskip("numba")

SIZES = (1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 77)


def columns() -> list[Any]:
    rng = np.random.default_rng(4)
    kinds: list[Any] = []
    for n in SIZES:
        money = np.round(rng.lognormal(8, 2, n), 2)
        gaps = np.where(rng.random(n) < 0.2, np.nan, money)
        kinds += [money, money - 3000, gaps, (money * 100).astype(np.int64)]
    return [*kinds, np.arange(5 * BLOCK)[::-1], np.zeros(BLOCK), np.full(BLOCK, 0.1)]


def on_route(name: str, values: Any, rule: Any) -> tuple[Survey, AbcResult]:
    with route(name):
        return survey(values), classify_abc(values, rule)


@pytest.mark.parametrize("rule", [Tangent(), Limits(9000, 4000)], ids=["tangent", "limits"])
def test_both_routes_are_equal(rule: Any) -> None:
    """Statistics and classes do not depend on whether numba is installed.

    Cuts may differ in the last bit, for versions of numpy add floats in different orders.
    """
    for values in columns():
        if np.isnan(values).all():
            continue
        (one, by_numpy), (two, by_numba) = (
            on_route(name, values, rule) for name in ("numpy", "numba")
        )
        for name in ("count", "total", "low", "high"):
            assert getattr(one, name) == getattr(two, name), name
        assert by_numpy.cuts.first == pytest.approx(by_numba.cuts.first, rel=2**-50)
        assert by_numpy.cuts.second == pytest.approx(by_numba.cuts.second, rel=2**-50)
        assert by_numpy.codes.tobytes() == by_numba.codes.tobytes()


@given(
    values=hnp.arrays(np.int64, st.integers(1, 60), elements=st.integers(-(2**62), 2**62)),
    copies=st.sampled_from([1, 3]),
)
def test_whole_numbers_match_python(values: Any, copies: int) -> None:
    """Sums of whole numbers are exact, also beyond 64 bits; classes follow the two means."""
    column = np.tile(values, copies)
    listed = column.tolist()
    for name in ("numpy", "numba"):
        with route(name):
            result = survey(column)
            assert (result.total, result.low, result.high) == (
                sum(listed),
                min(listed),
                max(listed),
            )
            limit = int(values[0])
            rest = [one for one in listed if one < limit]
            assert result.below(limit) == (len(rest), sum(rest))
            marks = [(one < limit) + (one < limit - 5) for one in listed]
            assert result.codes(limit, limit - 5).tolist() == marks


def test_the_number_of_threads_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread and three give equal cuts and classes on either route."""
    values = np.random.default_rng(6).lognormal(8, 2, 5 * BLOCK + 9)
    for name in ("numpy", "numba"):
        results = []
        for count in (1, 3):
            monkeypatch.setattr(threads, "_PART", BLOCK)
            monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
            results.append(on_route(name, values, Tangent())[1])
        assert results[0] == results[1]


def test_an_infinite_value_is_located_by_either_route() -> None:
    """Infinity is refused with its position."""
    values = np.ones(3 * BLOCK)
    values[BLOCK + 5] = -math.inf
    for name in ("numpy", "numba"):
        with route(name), pytest.raises(InputError, match=str(BLOCK + 5)):
            survey(values)


def test_results_of_threads_are_in_order() -> None:
    """Every part runs once, and an exception of a part is raised."""
    assert threads.run_parts(lambda part: part * part, 4) == [0, 1, 4, 9]
    assert threads.run_parts(lambda part: part, 0) == []
    with pytest.raises(ZeroDivisionError):
        threads.run_parts(lambda part: 1 // part, 2)


def test_all_loops_compile() -> None:
    """Compiling ahead covers the loops, and leaves the route as it was."""
    compile_loops()
    with pytest.raises(InputError, match="use auto, numpy or numba"), route("gpu"):
        pass
