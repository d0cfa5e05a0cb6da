"""Importable temporary packages with message catalogues, unloaded after a test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from abcxyz.toolkit import language as languages_module
from abcxyz.toolkit.language import packages

__all__ = ["GERMAN", "Make", "make"]

GERMAN = r"""
name = "Deutsch"
decimal = ","
group = "."
minus = "−"
percent = "{number} %"
money = "{number} {currency}"
money_word = "{number} {currency}"
short = [" Tsd.", " Mio.", " Mrd.", " Bio."]
date = "dd.mm.yyyy"
plural_forms = 2
plural_rule = "n != 1"
csv_separator = ";"
csv_encoding = "utf-8-sig"
"""
Make = Callable[..., str]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make importable packages with catalogues, and unload them afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(languages_module, "_packages", list(packages()))
    made: list[str] = []

    def build(name: str, **files: str) -> str:
        """Write ``ru__words="..."`` to ``locale/ru/words.toml``."""
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        for place, content in files.items():
            lang, _, file = place.partition("__")
            (folder / "locale" / lang).mkdir(parents=True, exist_ok=True)
            (folder / "locale" / lang / f"{file}.toml").write_text(content, encoding="utf-8")
        made.append(name)
        return name

    yield build
    for name in made:
        sys.modules.pop(name, None)
