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

from abcxyz._coded import Coded
from abcxyz.core.analysis.customer_columns import known_or_none
from abcxyz.tables.export.records import prospect_records, record_cells
from abcxyz.tables.export.summary import Column, plain
from abcxyz.tables.values.arrow import arrow_numbers, arrow_texts, arrow_truths, truths_of
from abcxyz.toolkit.files import check_writable, write_atomic

if TYPE_CHECKING:
    from abcxyz._arrays import Floats
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

        columns = record_cells(analysis, self._lang)
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


def _table(columns: Mapping[str, Column]) -> bytes:
    """Write a line per row of a table: the lines of `_lines`, put together column by column."""
    count, width = len(next(iter(columns.values()))), 2 * len(columns)
    if not count:
        return b""
    heads = [(", " if place else "{") + f"{_encode(name)}: " for place, name in enumerate(columns)]
    if count >= _ARROW_PAYS and find_spec("pyarrow"):
        blocks = range(0, count, _ROWS)
        table = list(map(_with_texts, columns.values()))
        return _escaped(
            b"".join(
                _joined_by_arrow(heads, [values[at : at + _ROWS] for values in table])
                for at in blocks
            )
        )
    # One join of all names and values takes a third less time than one template per row.
    pieces = [""] * (width * count)
    heads[0] = "}\n" + heads[0]
    for place, (head, values) in enumerate(zip(heads, columns.values(), strict=True)):
        pieces[2 * place :: width] = [head] * count
        pieces[2 * place + 1 :: width] = _texts(plain(values))
    pieces[0] = pieces[0].removeprefix("}\n")
    pieces.append("}\n")
    return _escaped("".join(pieces).encode("utf-8", "replace"))


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


def _joined_by_arrow(heads: Sequence[str], columns: Sequence[Column]) -> bytes:
    """Put together the same lines with pyarrow, in half the time."""
    import pyarrow.compute as pc

    *starts, end, nothing = arrow_texts([*heads, "}\n", ""])
    parts = [
        part for start, values in zip(starts, columns, strict=True)
        for part in (start, _written(values))
    ]  # fmt: skip
    lines = pc.binary_join_element_wise(*parts, end, nothing)
    ends = np.frombuffer(lines.buffers()[1], np.int64)
    return memoryview(lines.buffers()[2])[: ends[len(lines)]].tobytes()


def _with_texts(column: Column) -> Column:
    """Return a column whose values with codes are Arrow text, each as JSON."""
    if not isinstance(column, Coded):
        return column
    texts = arrow_texts(list(map(_encode, column.values)))
    return Coded(column.codes % len(texts), texts)


def _written(column: Column) -> Any:
    """Return the values of a column as Arrow text, each as JSON."""
    import pyarrow as pa

    if isinstance(column, Coded):
        return column.values.take(arrow_numbers(column.codes))
    if isinstance(column, list):
        return arrow_texts(_texts(column))
    if column.dtype.kind == "f":
        return _numbers(column)
    return arrow_numbers(column).cast(pa.large_string())


def _numbers(numbers: Floats) -> Any:
    """Return numbers as `_texts` does, ``null`` for NaN.

    Arrow writes the same shortest digits as Python. Its exponents of small numbers are rewritten;
    large and whole numbers, and the rare ones that stay different, are left to Python.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    size = np.abs(numbers)
    other = ~((size >= 1e-99) & (size < 1e9) & (numbers != np.floor(numbers)))
    written = arrow_numbers(numbers).cast(pa.large_string())
    if (size[~other] < 1e-4).any():
        for pattern, exponent in _SMALL:
            written = pc.replace_substring_regex(written, pattern, exponent)
        other |= truths_of(pc.starts_with(written, "0.0000"))
        other |= truths_of(pc.starts_with(written, "-0.0000"))
    if not other.any():
        return written
    rest = _texts(known_or_none(numbers[other]))
    return pc.replace_with_mask(written, arrow_truths(other), arrow_texts(rest))


def _lines(records: list[dict[str, object]]) -> bytes:
    lines = "".join([_encode(one) + "\n" for one in records])
    return _escaped(lines.encode("utf-8", "replace"))


def _escaped(lines: bytes) -> bytes:
    # U+2028 and U+2029 are line ends for some readers, and occur inside a JSON value only.
    return lines.replace(b"\xe2\x80\xa8", rb"\u2028").replace(b"\xe2\x80\xa9", rb"\u2029")
