"""Old binary workbooks read in a process of their own, whose memory is bounded."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from abcxyz.errors import InputError
from abcxyz.tables.containers.contents import damaged

__all__ = ["read_bounded"]

_LEAST, _MOST = 700 * 2**20, 3 * 2**30  # bytes of memory
#: Bytes of memory for each byte of a workbook, whose cells have at least six bytes.
_PER_BYTE = 60
_SECONDS = 300
#: A damaged record may have no end: seconds of the processor for any workbook, and for its size.
_LEAST_SECONDS, _BYTES_PER_SECOND = 10, 200_000
#: A damaged record may claim any size: the process ends, and this one goes on.
_CODE = """
import pickle, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[3]), int(sys.argv[3]) + 1))
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
        The workbook is damaged, protected by a password, or needs more memory than one of its
        size may need.
    """
    size = _unpacked(path)
    limit = min(_MOST, _LEAST + _PER_BYTE * size)
    seconds = min(_SECONDS, _LEAST_SECONDS + size // _BYTES_PER_SECOND)
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, fixed code
            [sys.executable, "-c", _CODE, str(path), str(limit), str(seconds)],
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
    if done.returncode == -getattr(signal, "SIGXCPU", 0):
        raise damaged(where, f"it takes more than {seconds} seconds")
    if done.returncode < 0 or "memory" in " ".join(lines).lower():
        raise damaged(where, f"it needs more than {limit >> 20} MB of memory")
    raise damaged(where, lines[-1])


def _unpacked(path: Path) -> int:
    """Return the bytes of a workbook, unpacked where it says so itself."""
    if not zipfile.is_zipfile(path):
        return path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        return sum(one.file_size for one in archive.infolist())
