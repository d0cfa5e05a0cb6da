"""The errors and messages of the adapter have Russian twins."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import abcxyz_bitrix
from abcxyz.i18n import catalogue
from abcxyz_bitrix.rest.errors import BitrixError
from abcxyz_bitrix.rest.refusals import ERRORS


def templates() -> set[str]:
    """Find every template in the source."""
    found = {BitrixError.answer_template} | {made.answer_template for made in ERRORS.values()}
    for file in Path(str(abcxyz_bitrix.__file__)).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name, first = getattr(node.func, "id", ""), node.args[0]
            said = (name.endswith("Error") and name != "TypeError") or name == "text"
            if said and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(first.value)
    return found


def test_every_message_has_a_twin() -> None:
    """Each template raised or said in the adapter stands in the Russian catalogue."""
    found = templates()
    assert len(found) > 50
    assert found - set(catalogue("ru")) == set()


def test_twins_name_the_same_things() -> None:
    """A twin fills in no field that its original lacks."""

    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    russian = catalogue("ru")
    assert {text for text in templates() if not names(russian[text]) <= names(text)} == set()
