"""Message catalogue of the Bitrix24 adapter: ``locale/<language>/*.toml`` beside this file."""

from __future__ import annotations

from abcxyz.toolkit.catalogue import register

__all__ = ["text"]

text = register("abcxyz_bitrix").text
