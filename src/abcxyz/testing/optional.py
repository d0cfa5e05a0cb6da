"""Checks of the optional Protocols of adapters, shared by the contract tests."""

from __future__ import annotations

import pytest

from abcxyz.core.advice.crm_facts import CrmFacts
from abcxyz.core.sales.calendar import Window
from abcxyz.plugins import Closeable, FactsSource, Preflight, SystemIdentity

__all__ = ["check_close", "check_facts", "check_preflight"]


def check_close(adapter: object) -> None:
    """Close an adapter after use; skip the test where it is not closeable."""
    if not isinstance(adapter, Closeable):
        pytest.skip("the adapter has no close")
    adapter.close()


def check_preflight(adapter: object) -> None:
    """Read the lines of a preflight; skip the test where the adapter offers none."""
    if not isinstance(adapter, Preflight):
        pytest.skip("the adapter has no preflight")
    assert all(isinstance(line, str) for line in adapter.preflight())


def check_facts(adapter: object, window: Window) -> None:
    """Read the facts of a window twice; skip the test where the adapter offers none."""
    if not isinstance(adapter, FactsSource):
        pytest.skip("the adapter has no facts")
    first = adapter.facts(window)
    assert isinstance(first, CrmFacts)
    assert first == adapter.facts(window), "facts should be the same again"
    if isinstance(adapter, SystemIdentity):
        identity = adapter.system_identity()
        assert isinstance(identity, str)
        assert identity, "an identity should not be empty"
