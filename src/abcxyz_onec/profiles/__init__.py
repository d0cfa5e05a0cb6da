"""Profiles of 1C configurations: the names of their catalogs, registers and documents."""

from __future__ import annotations

from abcxyz_onec.profiles.reader import BUILT_IN, load

__all__ = ["BUILT_IN", "load"]
