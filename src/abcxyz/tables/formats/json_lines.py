"""JSON lines: one object on each line."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np

from abcxyz.errors import InputError
from abcxyz.tables.containers.contents import Content
from abcxyz.tables.table import Batch
from abcxyz.tables.values.columns import objects
from abcxyz.toolkit.parsing import parse_json

__all__ = ["read_json_lines"]

_LINE = 1_000_000  # bytes


def read_json_lines(content: Content) -> Batch:
    """Read a table of JSON lines; a key that a line lacks is a blank cell.

    Parameters
    ----------
    content
        The file, in UTF-8.

    Returns
    -------
    Batch
        Cells with the types of JSON. Objects and lists are text.

    Raises
    ------
    InputError
        A line is too long, is no object, or names a key twice.
    """
    columns: dict[str, list[Any]] = {}
    lines: list[int] = []
    with content.open() as stream:
        number = 0
        while raw := stream.readline(_LINE + 1):
            number += 1
            if len(raw) > _LINE:
                raise InputError(
                    "line {line} of {path} is longer than {limit} bytes; check that it is a table",
                    line=number,
                    path=content.name,
                    limit=_LINE,
                )
            record = _record(raw, number, content.name)
            if record is None:
                continue
            for key, value in record.items():
                column = columns.setdefault(key, [])
                column.extend([None] * (len(lines) - len(column)))
                column.append(json.dumps(value) if isinstance(value, (dict, list)) else value)
            lines.append(number)
    for column in columns.values():
        column.extend([None] * (len(lines) - len(column)))
    if not columns:
        raise InputError("{path} is empty; it needs a line of column names", path=content.name)
    return Batch(columns, map(objects, columns.values()), np.array(lines))


def _record(raw: bytes, number: int, path: str) -> dict[str, Any] | None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = dict(pairs)
        if len(keys) < len(pairs):
            raise InputError(
                "line {line} of {path} names {key!r} twice; give each key once",
                line=number,
                path=path,
                key=next(key for key, count in Counter(k for k, _ in pairs).items() if count > 1),
            )
        return keys

    try:
        text = raw.decode("utf-8-sig").strip()
        record = parse_json(text, object_pairs_hook=once) if text else None
    except InputError:
        raise
    except ValueError as problem:
        raise InputError(
            "line {line} of {path} is no object of JSON ({reason}); each line must be one",
            line=number,
            path=path,
            reason=str(problem),
        ) from problem
    if record is None and not text:
        return None
    if not isinstance(record, dict):
        raise InputError(
            "line {line} of {path} is no object of JSON ({reason}); each line must be one",
            line=number,
            path=path,
            reason=type(record).__name__,
        )
    return record
