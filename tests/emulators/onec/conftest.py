"""Fixtures of the emulator's own tests."""

from __future__ import annotations

from tests.emulators.onec.fixtures import base, company

__all__ = ["base", "company"]
