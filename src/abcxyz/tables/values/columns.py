"""Columns of cells: text and typed cells in Arrow arrays, anything else in NumPy arrays."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Floats, Ints, is_missing
from abcxyz.tables.values.arrow import arrow_numbers, bits_of, text_ends

__all__ = [
    "Cells",
    "are_text",
    "arrow_missing",
    "arrow_values",
    "cell_list",
    "cells_of",
    "concatenated",
    "distinct",
    "end_with_digits",
    "numbers",
    "objects",
    "same_cells",
    "spread",
    "taken",
    "without_arrow",
    "without_empty",
]

Cells: TypeAlias = Any
"""(n,) cells of a column: a ``pyarrow.Array``, or a NumPy array of numbers, moments or objects."""


def objects(cells: Iterable[Any]) -> npt.NDArray[np.object_]:
    """Return cells as a NumPy array of objects, whatever they are."""
    held = list(cells)
    return np.fromiter(held, object, len(held))


def cells_of(column: Any) -> Cells:
    """Return a column of pandas, or a sequence, as cells.

    Moments with a time zone become those that a clock there shows.
    """
    if isinstance(column, np.ndarray):
        return column
    dtype = getattr(column, "dtype", None)
    if dtype is None or not hasattr(column, "to_numpy"):
        return column if hasattr(column, "dictionary_encode") else objects(column)
    if type(dtype).__name__ in ("ArrowDtype", "StringDtype") and "pyarrow" in sys.modules:
        array = column.array.__arrow_array__()
        return array.combine_chunks() if hasattr(array, "combine_chunks") else array
    if dtype.kind == "M":
        return column.dt.tz_localize(None).to_numpy()
    if dtype.kind == "f":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    if dtype.kind in "iu" and not column.isna().any():
        return column.to_numpy()
    return column.to_numpy(dtype=object)


def are_text(cells: Cells) -> bool:
    """Return whether cells are Arrow text, or an Arrow dictionary of texts."""
    if isinstance(cells, np.ndarray):
        return False
    types = sys.modules["pyarrow"].types
    kind = cells.type
    if types.is_dictionary(kind):
        kind = kind.value_type
        if cells.dictionary.null_count:
            return False
    return bool(types.is_string(kind) or types.is_large_string(kind))


#: Arrow type -> type of its values in the buffer.
_BUFFERS = MappingProxyType(
    {
        **{
            f"{sign}int{bits}": f"{sign}int{bits}"
            for sign in ("", "u")
            for bits in (8, 16, 32, 64)
        },
        "halffloat": "float16",
        "float": "float32",
        "double": "float64",
        **{f"timestamp[{unit}]": f"M8[{unit}]" for unit in ("s", "ms", "us", "ns")},
        "date32[day]": "int32",
        "date64[ms]": "M8[ms]",
    }
)


def arrow_missing(array: Any) -> Bools | None:
    """Return which values of an Arrow array are null; None for none."""
    if not array.null_count:
        return None
    return ~bits_of(array, 0)


def arrow_values(array: Any) -> tuple[npt.NDArray[Any], Bools | None]:
    """Return the numbers or moments of an Arrow array without a copy, and which are null.

    The values of nulls are arbitrary. ``to_numpy()`` of Arrow would load pandas.
    """
    kind = np.dtype(_BUFFERS[str(array.type)])
    if not len(array):
        return np.empty(0, kind), None
    end = array.offset + len(array)
    values = np.frombuffer(array.buffers()[1], kind, count=end)[array.offset :]
    if str(array.type).startswith("date32"):
        values = values.astype("M8[D]")
    return values, arrow_missing(array)


def without_arrow(cells: Cells) -> Cells:
    """Return Arrow cells that are not text as a NumPy array; other cells unchanged.

    Whole numbers with missing ones among them become objects, because as floats they would lose
    digits.
    """
    if isinstance(cells, np.ndarray) or are_text(cells):
        return cells
    types, kind = sys.modules["pyarrow"].types, cells.type
    if types.is_dictionary(kind):
        return without_arrow(cells.dictionary_decode())
    if types.is_timestamp(kind) and kind.tz is not None:
        return cells_of(cells.to_pandas())
    if str(kind) in _BUFFERS and not (cells.null_count and types.is_integer(kind)):
        values, absent = arrow_values(cells)
        if absent is None:
            return values
        return np.where(
            absent, np.array("NaT" if values.dtype.kind == "M" else "nan", values.dtype), values
        )
    if types.is_time(kind) or types.is_duration(kind):
        # Nanoseconds are no Python type.
        return objects(cells.to_pandas())
    return objects(cells.to_pylist())


def without_empty(text: Any) -> Any:
    """Return Arrow text whose empty cells are null; ``pyarrow.compute`` would load pandas."""
    pa = sys.modules["pyarrow"]
    _, ends, data = text.buffers()
    known = np.diff(text_ends(text)) > 0
    bits = pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(text.type, len(text), [bits, ends, data], offset=text.offset)


def end_with_digits(cells: Cells) -> bool:
    """Return whether each cell is Arrow text that ends with a digit, as no missing value does.

    Examples
    --------
    >>> import pyarrow as pa
    >>> columns = ["C1", "2"], ["C1", "-"], ["1", ""], ["1", None]
    >>> [end_with_digits(pa.array(cells)) for cells in columns]
    [True, False, False, False]
    """
    if not are_text(cells) or hasattr(cells, "dictionary") or cells.null_count:
        return False
    data, places = cells.buffers()[2], text_ends(cells)[cells.offset :]
    if data is None or (places[1:] == places[:-1]).any():
        return False
    last = np.frombuffer(data, np.uint8)[places[1:] - 1]
    return bool(((last >= ord("0")) & (last <= ord("9"))).all())


def _decoded(text: Any) -> Any:
    """Return Arrow text without a dictionary."""
    return text.dictionary_decode() if hasattr(text, "dictionary") else text


def cell_list(cells: Cells) -> list[Any]:
    """Return cells as a list: text, numbers, dates and moments; None or NaN where missing.

    Examples
    --------
    >>> cell_list(np.array(["2026-01-05T10:00", "NaT"], dtype="M8[ns]"))
    [datetime.datetime(2026, 1, 5, 10, 0), None]
    """
    held = without_arrow(cells)
    if not isinstance(held, np.ndarray):
        listed: list[Any] = held.to_pylist()
        return listed
    if held.dtype.kind == "M" and np.datetime_data(held.dtype)[0] not in ("D", "s", "ms", "us"):
        held = held.astype("M8[us]")
    return list(held.tolist())


def distinct(cells: Cells) -> tuple[Ints, list[Any]]:
    """Return a code per cell, and the distinct cells in the order of their first appearance.

    A missing cell has the code -1. Cells that are equal in Python, such as 5 and 5.0, are one.

    Examples
    --------
    >>> codes, cells = distinct(objects(["b", None, "a", "b"]))
    >>> codes.tolist(), cells
    ([0, -1, 1, 0], ['b', 'a'])
    """
    held = without_arrow(cells)
    if not isinstance(held, np.ndarray):
        encoded = _decoded(held).dictionary_encode()
        indices, absent = arrow_values(encoded.indices)
        codes = indices.astype(np.int64)
        if absent is not None:
            codes[absent] = -1
        return codes, encoded.dictionary.to_pylist()
    if held.dtype != object:
        return _distinct_numbers(held)
    values = held.tolist()
    kinds = set(map(type, values))
    if kinds == {str} and len(set(values)) == len(values):
        return np.arange(len(values)), values  # several times as fast as looking each up
    known: dict[Any, int] = {}
    if kinds == {str}:
        alone = list(dict.fromkeys(values))
        if len(alone) == len(values):  # mostly so: cells that are distinct by their text
            return np.arange(len(values)), alone
    if kinds <= {str, type(None)}:
        places = [-1 if one is None else known.setdefault(one, len(known)) for one in values]
    else:
        places = [-1 if is_missing(one) else known.setdefault(one, len(known)) for one in values]
    return np.array(places, dtype=np.int64), list(known)


def _distinct_numbers(values: npt.NDArray[Any]) -> tuple[Ints, list[Any]]:
    here = np.flatnonzero(values == values)  # neither NaN nor NaT
    found, first, inverse = np.unique(values[here], return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    codes = np.full(len(values), -1, np.int64)
    codes[here] = rank[inverse]
    return codes, cell_list(found[order])


def spread(codes: Ints, values: npt.NDArray[Any], absent: Any) -> Any:
    """Expand values of distinct cells to all lines; *absent* stands for missing cells."""
    return np.append(values, np.asarray([absent], dtype=values.dtype))[codes]


def numbers(cells: Cells) -> Floats | None:
    """Return cells of a type of numbers as floats, NaN where missing; None of another type."""
    held = without_arrow(cells)
    if not isinstance(held, np.ndarray) or held.dtype.kind not in "iuf":
        return None
    return held.astype(np.float64)


def taken(cells: Cells, places: Ints) -> Cells:
    """Return the cells at some places."""
    if isinstance(cells, np.ndarray):
        return cells[places]
    return cells.take(arrow_numbers(places.astype(np.int64, copy=False)))


def concatenated(columns: Sequence[Cells]) -> Cells:
    """Return the cells of several columns, one after the other."""
    if len(columns) == 1:
        return columns[0]
    in_arrow = not any(isinstance(column, np.ndarray) for column in columns)
    if in_arrow and len({column.type for column in columns}) == 1:
        return sys.modules["pyarrow"].concat_arrays(columns)
    held = [without_arrow(column) for column in columns]
    kinds = {one.dtype.kind if isinstance(one, np.ndarray) else "O" for one in held}
    if kinds <= set("iuf") or kinds == {"M"}:
        return np.concatenate(held)
    return objects(cell for column in held for cell in cell_list(column))


def same_cells(one: Cells, other: Cells) -> bool:
    """Return whether two columns have the same types and cells."""
    left, right = without_arrow(one), without_arrow(other)
    if not isinstance(left, np.ndarray) or not isinstance(right, np.ndarray):
        return type(left) is type(right) and bool(_decoded(left).equals(_decoded(right)))
    if left.dtype != right.dtype or len(left) != len(right):
        return False
    if left.dtype == object:
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return all(a == b or (is_missing(a) and is_missing(b)) for a, b in pairs)
    return np.array_equal(left, right, equal_nan=left.dtype.kind in "fM")
