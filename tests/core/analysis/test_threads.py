"""Results and functions under several threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from abcxyz import Analysis, analyze, class_confidence
from abcxyz.demo import demo_sales

THREADS = 8


def together(ask: Callable[[int], Any]) -> list[Any]:
    """Ask from all threads at the same moment."""
    start = threading.Barrier(THREADS)

    def one(i: int) -> Any:
        start.wait(timeout=60)
        return ask(i)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(one, range(THREADS)))


def test_analyses_at_once_equal_those_in_turn() -> None:
    sales = [demo_sales(seed=seed, customers=20).transactions for seed in range(THREADS)]
    expected = [analyze(one, as_of="2026-11-01") for one in sales]
    assert together(lambda i: analyze(sales[i], as_of="2026-11-01")) == expected


def test_one_result_is_read_at_once() -> None:
    """What a result computes at the first access is the same for all who ask."""
    sales = demo_sales(customers=30).transactions
    fresh = analyze(sales, as_of="2026-11-01")

    def read(i: int) -> tuple[object, ...]:
        shared: Analysis = fresh
        lang = ("en", "ru")[i % 2]
        return (
            shared.summary(),
            shared.metrics,
            np.nan_to_num(shared.abc.share).tolist(),
            shared.snapshot.positions,
            len(shared.plot(lang)) > 1000,
            shared.to_frame(lang)["action"].tolist() == shared.actions.texts(lang),  # type: ignore[union-attr]
        )

    answers = together(read)
    assert all(one == answers[0] for one in answers)


def test_random_numbers_are_not_shared() -> None:
    panel = analyze(demo_sales(customers=20).transactions, as_of="2026-11-01").panel
    answers = together(lambda i: class_confidence(panel, resamples=5, seed=i % 2))
    assert answers == [class_confidence(panel, resamples=5, seed=i % 2) for i in range(THREADS)]
