"""The errors of the adapter have Russian twins."""

from __future__ import annotations

import ast
from pathlib import Path

import abcxyz_onec
from abcxyz.i18n import catalogue


def test_every_error_has_a_twin() -> None:
    """Each template raised in the adapter stands in the Russian catalogue."""
    folder = Path(str(abcxyz_onec.__file__)).parent
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error"):
                if getattr(node.func, "id", "") == "AssertionError":
                    continue
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant):
                    found.add(str(first.value))
    assert len(found) > 20
    assert found - set(catalogue("ru")) == set()
