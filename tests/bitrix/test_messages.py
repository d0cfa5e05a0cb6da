"""Russian translations of the adapter's errors and messages."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import abcxyz_bitrix
from abcxyz.i18n import catalogue
from abcxyz_bitrix.rest.errors import BitrixError
from abcxyz_bitrix.rest.refusals import ERRORS


def templates() -> set[str]:
    """Collect every template in the source."""
    collected = {BitrixError.answer_template} | {made.answer_template for made in ERRORS.values()}
    for file in Path(str(abcxyz_bitrix.__file__)).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name, first = getattr(node.func, "id", ""), node.args[0]
            is_message = (name.endswith("Error") and name != "TypeError") or name == "text"
            if is_message and isinstance(first, ast.Constant) and isinstance(first.value, str):
                collected.add(first.value)
    return collected


def test_every_message_has_a_translation() -> None:
    """Each message template of the adapter is in the Russian catalogue."""
    collected = templates()
    assert len(collected) > 50
    assert collected - set(catalogue("ru")) == set()


def test_translations_use_the_same_fields() -> None:
    """A translation uses no field that its original lacks."""

    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    russian = catalogue("ru")
    assert {text for text in templates() if not names(russian[text]) <= names(text)} == set()
