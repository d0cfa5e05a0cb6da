"""Conversion of raw columns for aggregation: identifiers, times, amounts."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Floats, Ints
from abcxyz.errors import InputError

__all__ = ["as_codes", "as_ids", "as_money", "as_ticks", "has_arrow", "is_whole"]

_TICKS = {"D": 1, "h": 24, "m": 1440, "s": 86_400, "ms": 86_400_000, "us": 86_400_000_000}


def has_arrow() -> bool:
    """Return whether pyarrow is installed."""
    return find_spec("pyarrow") is not None


def as_ids(customers: Any) -> Any:
    """Return identifiers as int64, as an Arrow array of strings, or as Python strings.

    Raises
    ------
    InputError
        Identifiers of another type, or missing ones.
    """
    arrow = _arrow_strings(customers)
    if arrow is not None:
        return arrow
    ids = np.asarray(customers)
    if ids.dtype.kind in "iu" and ids.dtype != np.uint64:
        return ids.astype(np.int64, copy=False)
    if ids.dtype.kind in "UT":
        ids = ids.astype(object)
    if ids.dtype.kind != "O" or ids.ndim != 1:
        raise InputError(
            "{name} are of the type {type}; pass whole numbers or strings",
            name="customers",
            type=str(ids.dtype),
        )
    for place, one in enumerate(ids):
        if not isinstance(one, str):
            raise InputError(
                "{name} holds {value!r} at position {place}, which is not a string; "
                "give every row an id of one type",
                name="customers",
                value=one,
                place=place,
            )
    return ids


def _arrow_strings(customers: Any) -> Any:
    """Return an Arrow column of strings, else None; never imports pyarrow."""
    pa = sys.modules.get("pyarrow")
    if pa is None or not isinstance(customers, (pa.Array, pa.ChunkedArray)):
        return None
    if not (pa.types.is_string(customers.type) or pa.types.is_large_string(customers.type)):
        return None
    if customers.null_count:
        raise InputError(
            "{name} are missing in {count} row(s); leave those rows out",
            name="customers",
            count=customers.null_count,
        )
    if isinstance(customers, pa.ChunkedArray):
        customers = customers.cast(pa.large_string()).combine_chunks()
    return customers.cast(pa.large_string())


def is_whole(ids: Any) -> bool:
    """Return whether identifiers are an array of signed integers."""
    return isinstance(ids, np.ndarray) and ids.dtype.kind == "i"


def as_ticks(days: npt.ArrayLike) -> tuple[Ints, int]:
    """Return times as integers, and the number of such time units per day.

    Raises
    ------
    InputError
        The values are not datetime64 of a supported unit.
    """
    array = np.asarray(days)
    unit = np.datetime_data(array.dtype)[0] if array.dtype.kind == "M" else None
    if unit == "ns":
        array, unit = array.astype("M8[us]"), "us"
    if unit not in _TICKS:
        raise InputError(
            "{name} are of the type {type}; convert them to dates first",
            name="days",
            type=str(array.dtype),
        )
    return np.ascontiguousarray(array).view(np.int64), _TICKS[unit]


def as_money(amounts: npt.ArrayLike) -> Floats | Ints:
    """Return amounts as int64 or float64.

    Raises
    ------
    InputError
        The values are not numbers, or integers whose sum may exceed 64 bits.
    """
    array = np.asarray(amounts)
    if array.dtype.kind == "f":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind not in "iu" or array.dtype == np.uint64:
        raise InputError(
            "{name} are of the type {type}; convert them to float64, or to int64 minor units",
            name="amounts",
            type=str(array.dtype),
        )
    money = array.astype(np.int64, copy=False)
    if len(money):
        largest = max(abs(int(money.max())), abs(int(money.min())))
        # The bound is cheap; only if it fails are all amounts added up.
        if largest * len(money) >= 2**63 and float(np.abs(money.astype(np.float64)).sum()) > 2**62:
            raise InputError(
                "{name} may add up beyond 64 bits; pass them as float64", name="amounts"
            )
    return money


def as_codes(ids: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the code of every id, and the id of every code; compact integers need no table."""
    if is_whole(ids) and len(ids):
        low, high = int(ids.min()), int(ids.max())
        if high - low < max(1024, len(ids) // 4):
            return ids - low, np.arange(low, high + 1)
    if has_arrow():
        import pyarrow as pa

        coded = ids if isinstance(ids, pa.Array) else pa.array(ids)
        coded = coded.dictionary_encode()
        return (
            coded.indices.to_numpy(zero_copy_only=False),
            coded.dictionary.to_numpy(zero_copy_only=False),
        )
    import pandas as pd

    codes, known = pd.factorize(ids)
    return codes, np.asarray(known)
