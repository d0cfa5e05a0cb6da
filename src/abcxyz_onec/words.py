"""Texts of the 1C adapter, from its message catalogue first."""

from __future__ import annotations

from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["text"]

text = Catalogue("abcxyz_onec").text
