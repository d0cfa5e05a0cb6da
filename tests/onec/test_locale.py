"""The errors, warnings and labels of the adapter have Russian twins."""

from __future__ import annotations

import ast
from pathlib import Path

import abcxyz_onec
from abcxyz.i18n import catalogue
from abcxyz_onec.source import KINDS, REASONS


def test_every_error_has_a_twin() -> None:
    """Each template raised in the adapter stands in the Russian catalogue."""
    folder = Path(str(abcxyz_onec.__file__)).parent
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            function = node.func if isinstance(node, ast.Call) else None
            name = getattr(function, "id", getattr(function, "attr", ""))
            if isinstance(node, ast.Call) and name.endswith(("Error", "Warning", "_say")):
                if name == "AssertionError":
                    continue
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant):
                    found.add(str(first.value))
    found |= {*REASONS.values(), *KINDS.values()}
    assert len(found) > 40
    assert found - set(catalogue("ru")) == set()
