"""Hysteresis: classes held or changed, and the noise it removes."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.dynamics import noise

from abcxyz import Analysis, Cuts, InputError, Settings, Transactions, analyze, steady

CUTS = Cuts(100.0, 50.0)
UPPER = Cuts(0.5, 1.0)
A, B, C, N = 0, 1, 2, -1


@pytest.mark.parametrize(
    ("held", "raw", "value", "expected"),
    [
        (A, B, 98.5, A),
        (A, B, 97.9, B),
        (B, A, 101.5, B),
        (B, A, 102.0, A),
        (B, C, 49.5, B),
        (C, B, 50.5, C),
        (A, C, 49.5, B),
        (A, C, 48.9, C),
        (C, A, 101.0, B),
        (N, B, 99.0, B),
        (A, N, np.nan, N),
        (A, A, 500.0, A),
    ],
)
def test_money_has_to_pass_the_band(held: int, raw: int, value: float, expected: int) -> None:
    """A class is held within ±2 % of the crossed cut and of no other cut."""
    assert [expected] == steady([raw], [value], CUTS, before=[held]).tolist()


@pytest.mark.parametrize(
    ("held", "raw", "cv", "expected"),
    [(0, 1, 0.505, 0), (0, 1, 0.511, 1), (1, 0, 0.495, 1), (1, 0, 0.489, 0), (0, 2, 1.01, 1)],
)
def test_steadiness_has_to_pass_the_band(held: int, raw: int, cv: float, expected: int) -> None:
    """Upper CV limits are shifted in the opposite direction."""
    assert [expected] == steady([raw], [cv], UPPER, before=[held], upper=True).tolist()


def test_the_second_run_in_a_row_counts() -> None:
    """Two runs on the same side change the class; one each side does not."""
    raw, held, before = [B, C, B, A], [A, A, A, B], [B, B, A, C]
    values = [99.0, 49.9, 99.0, 100.5]
    result = steady(raw, values, CUTS, before=before, before_steady=held)
    assert [B, C, A, B] == result.tolist()


def test_a_single_order_is_no_matter_of_the_band() -> None:
    """Z of a single order applies at once, whatever the CV."""
    assert [2] == steady([2], [0.499], UPPER, before=[0], upper=True).tolist()


def test_a_band_of_nothing_keeps_the_raw_class() -> None:
    """With a zero band every crossing changes the class."""
    assert [B] == steady([B], [99.9], CUTS, before=[A], band=0.0).tolist()


def test_wrong_input_is_named() -> None:
    """Bands in percent and columns of unequal length are refused."""
    with pytest.raises(InputError, match="band is 2"):
        steady([A], [1.0], CUTS, before=[A], band=2)
    with pytest.raises(InputError, match="before has 2 values for 1 customer;"):
        steady([A], [1.0], CUTS, before=[A, A])


def twin(raw: int, value: float, before: int, held: int, band: float) -> int:
    """Reference: decide one customer by the definition of the rule."""
    if raw in (N, held) or held == N:
        return raw
    if before != N and (before - held) * (raw - held) > 0:
        return raw
    result = 0
    for place, cut in enumerate((CUTS.first, CUTS.second)):
        better_than_the_cut = held <= place
        result += value < cut * (1 - band if better_than_the_cut else 1 + band)
    return result


customers = st.lists(
    st.tuples(st.floats(30, 130), st.integers(-1, 2), st.integers(-1, 2), st.booleans()),
    min_size=1,
    max_size=40,
)


@given(customers, st.sampled_from([0.0, 0.02, 0.1, 0.3]))
def test_everybody_is_decided_alike(
    cases: list[tuple[float, int, int, bool]], band: float
) -> None:
    """Arrays give the decisions of the reference one by one."""
    raw = [N if gone else (v < 100) + (v < 50) for v, _, _, gone in cases]
    values = [v for v, *_ in cases]
    before, held = [b for _, b, _, _ in cases], [h for _, _, h, _ in cases]
    assert [twin(*one, band) for one in zip(raw, values, before, held, strict=True)] == steady(
        raw, values, CUTS, before=before, before_steady=held, band=band
    ).tolist()


def test_both_classes_are_stored_from_run_to_run() -> None:
    """A customer 1 % below the limit keeps A once and loses it on the second run."""
    settings = Settings(period="1M", bucket="W")

    def month(number: int, edge: float) -> Transactions:
        amounts = [1000.0, edge, 100.0, 100.0]
        return Transactions(["a", "edge", "b", "c"], [date(2026, number, 10)] * 4, amounts)

    runs: list[Analysis] = []
    for number, edge in ((1, 405.0), (2, 395.0), (3, 395.0)):
        runs.append(
            analyze(
                month(number, edge),
                as_of=date(2026, number + 1, 1),
                settings=settings,
                previous=runs[-1].snapshot if runs else None,
            )
        )
    assert [int(run.snapshot.abc[1]) for run in runs] == [A, B, B]
    assert [int(run.snapshot.steady_abc[1]) for run in runs] == [A, A, B]
    assert [[one.kind for one in run.alerts if one.kind == "fell_from_a"] for run in runs[1:]] == [
        [],
        ["fell_from_a"],
    ]


def test_noise_is_as_the_page_says() -> None:
    """The documented noise table equals the seeded simulation, and the band helps."""
    result = noise.table()
    shown = {name: tuple(f"{x:.1f}" for x in figures) for name, figures in result.items()}
    docs = Path(__file__).parents[3] / "docs" / "explanation" / "noise.md"
    rows = re.findall(r"^\| (every \w+) \| (.+) \|$", docs.read_text("utf-8"), re.MULTILINE)
    assert shown == {name: tuple(row.split(" | ")) for name, row in rows}
    for raw, default, wider, widest in result.values():
        assert raw > default > wider > widest
        assert default < 0.95 * raw
