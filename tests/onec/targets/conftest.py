"""Fixtures of the tests of targets."""

from __future__ import annotations

from tests.onec.sink_fixtures import company, sink

__all__ = ["company", "sink"]
