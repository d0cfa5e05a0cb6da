"""Phrases of the Bitrix24 adapter, looked up in its own message catalogue first."""

from __future__ import annotations

from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["message", "plural", "text"]

_CATALOGUE = Catalogue("abcxyz_bitrix")
text, message, plural = _CATALOGUE.text, _CATALOGUE.message, _CATALOGUE.plural
