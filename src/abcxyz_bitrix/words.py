"""Phrases of the Bitrix24 adapter, looked up in its own message catalogue first."""

from __future__ import annotations

from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["message", "text"]

_own = Catalogue("abcxyz_bitrix")
text, message = _own.text, _own.message
