"""Fixtures of the tests of the emulator."""

from __future__ import annotations

from tests.emulators.onec.fixtures import base, company

__all__ = ["base", "company"]
