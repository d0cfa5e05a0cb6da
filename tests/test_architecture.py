"""The floors of the house: a module imports only from its own floor or from lower ones."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import abcxyz

SOURCE = Path(abcxyz.__file__).resolve().parent.parent
#: First part of a module's name below ``abcxyz`` -> its floor.
FLOORS = {
    "errors": 0,
    "_arrays": 0,
    "toolkit": 0.5,
    "core": 1,
    "": 1,  # abcxyz/__init__.py, the face of the core
    **dict.fromkeys(
        (
            "charts",
            "demo",
            "fast",
            "frames",
            "history",
            "http",
            "i18n",
            "plugins",
            "report",
            "scoring",
        ),
        2,
    ),
    **dict.fromkeys(("builtin", "config", "options", "registry", "tables", "testing"), 3),
    "pipeline": 4,
    "cli": 5,
    "__main__": 5,
}
#: What an adapter may use of the library, as a stranger's adapter may.
OPEN_TO_ADAPTERS = {"abcxyz", "abcxyz.errors", "abcxyz.http", "abcxyz.plugins", "abcxyz.toolkit"}
ADAPTERS = ("abcxyz_bitrix", "abcxyz_onec")
#: A result draws itself when asked, and loads nothing of that before.
DOORS = {("abcxyz.core.display", "abcxyz.charts")}
CORE_MAY_LOAD = {*sys.stdlib_module_names, "numpy", "attr", "attrs", "abcxyz"}
MODULES = sorted(
    (path for name in ("abcxyz", *ADAPTERS) for path in (SOURCE / name).rglob("*.py")),
    key=str,
)


def module_name(path: Path) -> str:
    """Turn a file into the dotted name it is imported by."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {module_name(path) for path in MODULES}


def imports(body: ast.AST, *, lazy: bool = True) -> Iterator[str]:
    """List what is imported when the code runs; type checkers' imports never run."""
    for node in ast.iter_child_nodes(body):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports in full"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in NAMES else str(node.module)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from (name for branch in node.orelse for name in imports(branch, lazy=lazy))
        elif lazy or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from imports(node, lazy=lazy)


def floor(name: str) -> float:
    """Say on which floor a module of ``abcxyz`` lives."""
    room = (name + ".").split(".")[1]
    assert room in FLOORS, f"{name} is on no floor; enter it here and in architecture.md"
    return FLOORS[room]


def faults(name: str, code: str) -> list[str]:
    """List the imports of module *name* that the plan of the house forbids."""
    tree = ast.parse(code)
    package = name.partition(".")[0]
    found = []
    for used in imports(tree):
        root = used.partition(".")[0]
        if package in ADAPTERS:
            wrong = root == "abcxyz" and used not in OPEN_TO_ADAPTERS
            wrong |= root in ADAPTERS and root != package
        else:
            wrong = root in ADAPTERS or (root == "abcxyz" and floor(used) > floor(name))
            wrong &= (name, used) not in DOORS
        found += [used] if wrong else []
    if package == "abcxyz" and floor(name) <= FLOORS["core"]:
        # An optional library may be asked for inside a function, such as pandas by to_frame().
        at_once = {used.partition(".")[0] for used in imports(tree, lazy=False)}
        found += sorted(at_once - CORE_MAY_LOAD)
    return found


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_point_down(path: Path) -> None:
    """No module reaches for a higher floor, an adapter, or into the library past its doors."""
    assert [] == faults(module_name(path), path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("abcxyz.core.classes.rules", "import pandas", ["pandas"]),
        ("abcxyz.core.classes.rules", "def f():\n    import pandas", []),
        ("abcxyz.core.classes.rules", "def f():\n    from abcxyz import i18n", ["abcxyz.i18n"]),
        ("abcxyz.http", "from abcxyz.cli.commands.demo import run", ["abcxyz.cli.commands.demo"]),
        ("abcxyz.http", "if TYPE_CHECKING:\n    import abcxyz.cli\nelse:\n    import abcxyz", []),
        ("abcxyz.cli.commands.demo", "import abcxyz_onec", ["abcxyz_onec"]),
        ("abcxyz_onec.odata.client", "from abcxyz.errors import InputError", []),
        (
            "abcxyz_onec.odata.client",
            "from abcxyz.core.sales import calendar",
            ["abcxyz.core.sales.calendar"],
        ),
        ("abcxyz_onec.odata.client", "import abcxyz_bitrix", ["abcxyz_bitrix"]),
    ],
)
def test_the_plan_can_be_broken(name: str, code: str, expected: list[str]) -> None:
    """A wrong import is found, and a right one is not."""
    assert expected == faults(name, code)
