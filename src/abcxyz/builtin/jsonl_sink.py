"""Sink that writes one JSON object per customer and line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.tables.export.records import customer_records, prospect_records
from abcxyz.toolkit.files import check_writable, write_atomic

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.plugins import WriteReport

__all__ = ["JsonLinesSink"]


class JsonLinesSink:
    """Write ``segments.jsonl``: one object per customer and line.

    Parameters
    ----------
    path
        The file.
    lang
        Language of ``tag`` and ``recommendation``.
    prospects
        A second file, with one line per scored lead; None writes no such file.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        lang: str = "en",
        prospects: str | PathLike[str] | None = None,
    ) -> None:
        self._path, self._lang = Path(path), lang
        self._prospects = None if prospects is None else Path(prospects)

    def is_local(self) -> bool:
        """Return True: a file of this machine."""
        return True

    def preflight(self) -> Sequence[str]:
        """Check that the files can be written."""
        paths = [self._path] if self._prospects is None else [self._path, self._prospects]
        return [check_writable(path) for path in paths]

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write the files, unless their content is the same already."""
        from abcxyz.plugins import WriteReport

        records = list(customer_records(analysis, self._lang))
        changed = write_atomic(self._path, _lines(records), dry_run=dry_run)
        if self._prospects is not None:
            leads = prospect_records(analysis)
            changed = write_atomic(self._prospects, _lines(leads), dry_run=dry_run) or changed
        count = len(records)
        return WriteReport(written=count if changed else 0, unchanged=0 if changed else count)


def _lines(records: list[dict[str, object]]) -> bytes:
    lines = (json.dumps(one, ensure_ascii=False, allow_nan=False) + "\n" for one in records)
    return "".join(lines).encode("utf-8", "replace")
