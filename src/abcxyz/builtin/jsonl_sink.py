"""Sink that writes one JSON object per customer and line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcxyz.tables.export.records import prospect_records, record_columns
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

        columns = record_columns(analysis, self._lang)
        changed = write_atomic(self._path, _table(columns), dry_run=dry_run)
        if self._prospects is not None:
            leads = prospect_records(analysis)
            changed = write_atomic(self._prospects, _lines(leads), dry_run=dry_run) or changed
        count = len(analysis.snapshot)
        return WriteReport(written=count if changed else 0, unchanged=0 if changed else count)


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
#: A line end never occurs inside a JSON value, so it separates the values of a list safely.
_encode_list = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=("\n", ": ")
).encode


def _table(columns: Mapping[str, list[Any]]) -> bytes:
    """Write a line per row of a table: the lines of `_lines`, put together column by column."""
    count, width = len(next(iter(columns.values()))), 2 * len(columns)
    if not count:
        return b""
    # One join of all names and values takes a third less time than one template per row.
    pieces = [""] * (width * count)
    for place, (name, values) in enumerate(columns.items()):
        pieces[2 * place :: width] = [(", " if place else "}\n{") + f"{_encode(name)}: "] * count
        pieces[2 * place + 1 :: width] = _column(values)
    pieces[0] = pieces[0].removeprefix("}\n")
    pieces.append("}\n")
    return _encoded("".join(pieces))


def _column(values: list[Any]) -> list[str]:
    """Return each value as JSON, what occurs often encoded once."""
    if set(map(type, values)) <= {str, type(None)}:
        distinct = set(values)
        if len(distinct) <= len(values) / 2:
            known = dict(zip(distinct, _column([*distinct]), strict=True))
            return [known[value] for value in values]
    written = _encode_list(values)[1:-1].split("\n")
    # An identifier of several values is a list inside the list.
    return written if len(written) == len(values) else [*map(_encode, values)]


def _lines(records: list[dict[str, object]]) -> bytes:
    return _encoded("".join([_encode(one) + "\n" for one in records]))


def _encoded(lines: str) -> bytes:
    # Line ends for some readers, and inside a JSON value only.
    lines = lines.replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")
    return lines.encode("utf-8", "replace")
