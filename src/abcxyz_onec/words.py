"""Message catalogue of the 1C adapter: ``locale/<language>/*.toml`` beside this file."""

from __future__ import annotations

from abcxyz.toolkit.catalogue import register

__all__ = ["text"]

text = register("abcxyz_onec").text
