"""Old binary workbooks read in a process of their own, whose memory is bounded."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from abcxyz.errors import InputError
from abcxyz.tables.containers.contents import damaged

__all__ = ["read_bounded"]

_GIGABYTES = 3
_SECONDS = 300
#: A damaged record may claim any size: the process ends, and this one goes on.
_CODE = """
import pickle, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
except (ImportError, ValueError, OSError):
    pass
import python_calamine
book = python_calamine.CalamineWorkbook.from_path(sys.argv[1])
sheets = []
for one in book.sheets_metadata:
    if str(one.typ).endswith(".WorkSheet"):
        sheet = book.get_sheet_by_name(one.name)
        hidden = not str(one.visible).endswith(".Visible")
        merged = sheet.merged_cell_ranges or []
        sheets.append((one.name, hidden, sheet.start, sheet.to_python(), merged))
pickle.dump(sheets, sys.stdout.buffer, protocol=5)
"""


def read_bounded(where: str, path: Path) -> list[tuple[str, bool, Any, Any, Any]]:
    """Return name, hidden, start, rows and merged cells of each sheet of a workbook.

    Raises
    ------
    InputError
        The workbook is damaged, protected by a password, or needs more memory than a sheet of
        its kind may hold.
    """
    limit = str(_GIGABYTES * 2**30)
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, fixed code
            [sys.executable, "-c", _CODE, str(path), limit],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise damaged(where, f"it takes more than {_SECONDS} seconds") from None
    if done.returncode == 0:
        sheets: list[tuple[str, bool, Any, Any, Any]] = pickle.loads(done.stdout)  # noqa: S301
        return sheets
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["?"]
    if any("password" in line.lower() for line in lines):
        raise InputError(
            "{path} is protected by a password; open it, save it without one, and try again",
            path=where,
        )
    if done.returncode < 0 or "memory" in " ".join(lines).lower():
        raise damaged(where, f"it needs more than {_GIGABYTES} GB of memory")
    raise damaged(where, lines[-1])
