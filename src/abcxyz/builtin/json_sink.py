"""Sink that writes the summary as one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.tables.export.summary import summary_text
from abcxyz.toolkit.files import check_writable, write_atomic

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.plugins import WriteReport

__all__ = ["JsonSink"]


class JsonSink:
    """Write ``summary.json``: the same object that ``abcxyz classify --json`` prints.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path)

    def is_local(self) -> bool:
        """Return True: a file of this machine."""
        return True

    def preflight(self) -> Sequence[str]:
        """Check that the file can be written."""
        return [check_writable(self._path)]

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write the file, unless its content is the same already."""
        from abcxyz.plugins import WriteReport

        content = (summary_text(analysis) + "\n").encode("utf-8", "replace")
        changed = write_atomic(self._path, content, dry_run=dry_run)
        return WriteReport(written=int(changed), unchanged=int(not changed))
