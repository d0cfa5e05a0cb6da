"""Texts of the 1C adapter, from its message catalogue first."""

from __future__ import annotations

from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["message", "text"]

_own = Catalogue("abcxyz_onec")
text, message = _own.text, _own.message
