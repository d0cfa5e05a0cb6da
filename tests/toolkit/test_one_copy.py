"""No module duplicates a lock, atomic write, backoff or secret of the toolkit."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from tests.rooms import MODULES, SOURCE, tree_of

TOOLKIT = SOURCE / "abcxyz" / "toolkit"
#: Names that only a tool needs -> the tool that has them.
TOOLS = {
    **dict.fromkeys(("fcntl", "msvcrt", "filelock", "flock", "lockf"), "locks.file_lock"),
    **dict.fromkeys(("fsync", "mkstemp", "NamedTemporaryFile"), "files.write_atomic"),
    **dict.fromkeys(("S_IRWXG", "S_IRWXO", "S_IMODE"), "files.read_private"),
    **dict.fromkeys(("ip_address", "ip_network"), "loopback.is_loopback"),
    **dict.fromkeys(("keyring", "get_password"), "secrets.read_secret"),
    **dict.fromkeys(("parsedate_to_datetime", "parsedate_tz"), "backoff.retry_after"),
}
#: Only as a function of a module: `str.replace` and a panel's `time` are something else.
OF_MODULES = {
    "os.replace": "files.write_atomic",
    "os.rename": "files.write_atomic",
    "time.sleep": "clock.Clock",
    "time.time": "clock.Clock",
}
#: Rooms that talk to other systems: there a growing power is a waiting time.
TALKING = ("abcxyz/http.py", "abcxyz/builtin", "abcxyz/pipeline", "abcxyz_bitrix", "abcxyz_onec")


def copies(tree: ast.Module, *, talking: bool) -> Iterator[str]:
    """Name the tools that a module duplicates."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module).partition(".")[0], *(alias.name for alias in node.names)]
            if node.module in ("os", "time"):
                yield from (
                    OF_MODULES[whole]
                    for alias in node.names
                    if (whole := f"{node.module}.{alias.name}") in OF_MODULES
                )
        elif isinstance(node, ast.Attribute):
            names = [node.attr]
            if (whole := ast.unparse(node)) in OF_MODULES:
                yield OF_MODULES[whole]
        else:
            names = []
        if talking and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            yield "backoff.Backoff"
        yield from (TOOLS[name] for name in names if name in TOOLS)


def test_no_module_has_a_tool_of_its_own() -> None:
    """Locks, atomic writes, pauses, loopback hosts and secrets are the toolkit's."""
    result = {}
    for path in (path for path in MODULES.values() if TOOLKIT not in path.parents):
        name = path.relative_to(SOURCE).as_posix()
        if tools := list(copies(tree_of(path), talking=name.startswith(TALKING))):
            result[name] = tools
    assert result == {}


@pytest.mark.parametrize(
    ("code", "tool"),
    [
        ("import fcntl", "locks.file_lock"),
        ("def f():\n    import msvcrt", "locks.file_lock"),
        ("from filelock import FileLock", "locks.file_lock"),
        ("import os\nos.replace(a, b)", "files.write_atomic"),
        ("from os import replace", "files.write_atomic"),
        ("import tempfile\nhandle, name = tempfile.mkstemp()", "files.write_atomic"),
        ("import os\nos.rename(a, b)", "files.write_atomic"),
        ("from ipaddress import ip_address", "loopback.is_loopback"),
        ("mode & stat.S_IRWXO", "files.read_private"),
        ("import time\ntime.sleep(2)", "clock.Clock"),
        ("from time import sleep", "clock.Clock"),
        ("pause = 2.0**lost", "backoff.Backoff"),
    ],
)
def test_a_copy_is_noticed(code: str, tool: str) -> None:
    """Each form of a duplicate is detected."""
    assert tool in copies(ast.parse(code), talking=True)


@pytest.mark.parametrize("code", ["text.replace('a', 'b')", "import os\nos.environ", "a * b"])
def test_what_is_no_copy_passes(code: str) -> None:
    """Ordinary code is not reported."""
    assert list(copies(ast.parse(code), talking=True)) == []
