"""Sink that writes one JSON object per customer and line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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
    crm
        A third file, with one line per row of every report on the CRM; None writes no such file.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        lang: str = "en",
        prospects: str | PathLike[str] | None = None,
        crm: str | PathLike[str] | None = None,
    ) -> None:
        self._path, self._lang = Path(path), lang
        self._prospects = None if prospects is None else Path(prospects)
        self._crm = None if crm is None else Path(crm)

    def is_local(self) -> bool:
        """Return True: a file of this machine."""
        return True

    def preflight(self) -> Sequence[str]:
        """Check that the files can be written."""
        paths = (self._path, self._prospects, self._crm)
        return [check_writable(path) for path in paths if path is not None]

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write the files, unless their content is the same already."""
        from abcxyz.plugins import WriteReport

        columns = record_columns(analysis, self._lang)
        changed = write_atomic(self._path, _table(columns), dry_run=dry_run)
        if self._prospects is not None:
            leads = prospect_records(analysis)
            changed = write_atomic(self._prospects, _lines(leads), dry_run=dry_run) or changed
        if self._crm is not None:
            rows = [] if analysis.crm is None else analysis.crm.records()
            changed = write_atomic(self._crm, _lines(rows), dry_run=dry_run) or changed
        count = len(analysis.snapshot)
        return WriteReport(written=count if changed else 0, unchanged=0 if changed else count)


_ARROW_PAYS = 20_000  # rows from which loading pyarrow saves time
#: Pattern of a small number as Arrow writes it, and how Python does.
_SMALL = (
    (r"^(-?)0\.0000([1-9])([0-9]+)$", r"\1\2.\3e-05"),
    (r"^(-?)0\.00000([1-9])([0-9]+)$", r"\1\2.\3e-06"),
    (r"e-([0-9])$", r"e-0\1"),
)
_ROWS = 1 << 13  # rows whose texts stay in the CPU cache

#: Characters that JSON writes with a backslash.
_ESCAPED = re.compile(r'[\x00-\x1f"\\]')
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
    heads = [(", " if place else "{") + f"{_encode(name)}: " for place, name in enumerate(columns)]
    if count >= _ARROW_PAYS and find_spec("pyarrow"):
        blocks = range(0, count, _ROWS)
        table = [*columns.values()]
        return b"".join(
            _joined_by_arrow(heads, [values[at : at + _ROWS] for values in table]) for at in blocks
        )
    # One join of all names and values takes a third less time than one template per row.
    pieces = [""] * (width * count)
    heads[0] = "}\n" + heads[0]
    for place, (head, values) in enumerate(zip(heads, columns.values(), strict=True)):
        pieces[2 * place :: width] = [head] * count
        pieces[2 * place + 1 :: width] = _texts(values)
    pieces[0] = pieces[0].removeprefix("}\n")
    pieces.append("}\n")
    return _encoded("".join(pieces))


def _texts(values: list[Any]) -> list[str]:
    """Return each value as JSON, what occurs often encoded once."""
    kinds = set(map(type, values))
    if kinds <= {str, int, type(None)}:
        distinct = set(values)
        if len(distinct) <= len(values) / 2:
            known = dict(zip(distinct, map(_encode, distinct), strict=True))
            return list(map(known.__getitem__, values))
    if kinds == {str} and not _ESCAPED.search("".join(values)):
        return [f'"{value}"' for value in values]
    written = _encode_list(values)[1:-1].split("\n")
    # An identifier of several values is a list inside the list.
    return written if len(written) == len(values) else [*map(_encode, values)]


def _joined_by_arrow(heads: Sequence[str], columns: Sequence[list[Any]]) -> bytes:
    """Put together the same lines with pyarrow, in half the time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = pa.large_string()
    parts: list[Any] = []
    for head, values in zip(heads, columns, strict=True):
        kinds = set(map(type, values))
        floats = float in kinds and kinds <= {float, type(None)}
        parts += [pa.scalar(head, kind), _numbers(values) if floats else _strings(_texts(values))]
    lines = pc.binary_join_element_wise(*parts, pa.scalar("}\n", kind), pa.scalar("", kind))
    ends = np.frombuffer(lines.buffers()[1], np.int64)
    return memoryview(lines.buffers()[2])[: ends[len(lines)]].tobytes()


def _strings(texts: list[str]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:  # a lone surrogate
        plain = [one.encode("utf-8", "replace").decode() for one in texts]
        return pa.array(plain, pa.large_string())


def _numbers(values: list[float | None]) -> Any:
    """Return numbers as `_texts` does.

    Arrow writes the same shortest digits as Python. Its exponents of small numbers are rewritten;
    large and whole numbers, and the rare ones that stay different, are left to Python.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = np.array(values, dtype=np.float64)
    size = np.abs(numbers)
    other = ~((size >= 1e-99) & (size < 1e9) & (numbers != np.floor(numbers)))
    written = pa.array(numbers).cast(pa.large_string())
    if (size[~other] < 1e-4).any():
        for pattern, exponent in _SMALL:
            written = pc.replace_substring_regex(written, pattern, exponent)
        other |= pc.starts_with(written, "0.0000").to_numpy(zero_copy_only=False)
        other |= pc.starts_with(written, "-0.0000").to_numpy(zero_copy_only=False)
    rest = _texts([values[place] for place in np.flatnonzero(other).tolist()])
    return pc.replace_with_mask(written, pa.array(other), _strings(rest)) if rest else written


def _lines(records: list[dict[str, object]]) -> bytes:
    return _encoded("".join([_encode(one) + "\n" for one in records]))


def _encoded(lines: str) -> bytes:
    # Line ends for some readers, and inside a JSON value only.
    lines = lines.replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")
    return lines.encode("utf-8", "replace")
