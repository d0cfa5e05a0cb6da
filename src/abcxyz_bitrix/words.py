"""Phrases of the Bitrix24 adapter, looked up in its own message catalogue first."""

from __future__ import annotations

from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["text"]

text = Catalogue("abcxyz_bitrix").text
