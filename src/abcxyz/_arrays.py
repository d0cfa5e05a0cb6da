"""Array types and the converters and comparisons of the fields that hold them."""

from __future__ import annotations

import copyreg
from collections.abc import Iterable, Sequence, Sized
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, runtime_checkable

import attrs
import numpy as np
import numpy.typing as npt

from abcxyz._maps import frozen_map
from abcxyz.errors import InputError

__all__ = [
    "EXACT",
    "SAME_ARRAYS",
    "SAME_LABELS",
    "ArrayLike",
    "Bools",
    "Codes",
    "DayLike",
    "Days",
    "Floats",
    "Ints",
    "Numbers",
    "as_day",
    "as_numbers",
    "earliest_day",
    "freeze",
    "frozen_map",
    "infinity_error",
    "is_missing",
    "listed",
    "row_labels",
    "same_arrays",
    "same_numbers",
    "separate",
    "shown",
]

ArrayLike: TypeAlias = npt.ArrayLike | Sequence[Any]
Bools: TypeAlias = npt.NDArray[np.bool_]
Codes: TypeAlias = npt.NDArray[np.int8]
Days: TypeAlias = npt.NDArray[np.datetime64]
Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[Any]
"""float64, or int64 for integer input; numpy's stubs cannot express the union."""


EXACT = 2.0**53
"""Floats below it hold every whole number; from here on digits may be lost."""

DayLike: TypeAlias = date | str | np.datetime64
"""A day: a date, a date and time, or ISO text of either; also a pandas Timestamp."""


@runtime_checkable
class _HasToNumpy(Protocol):
    """A pandas, polars or pyarrow column, recognised without importing any of them."""

    def to_numpy(self, *args: Any, **kwargs: Any) -> npt.NDArray[Any]: ...


def freeze(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a read-only view of *array*; the caller's array stays writable."""
    view = array.view()
    view.flags.writeable = False
    return view


# Not generic: mypy cannot bind the type variables of a converter, and would take them literally.
def _reduce_map(mapping: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return frozen_map, (dict(mapping),)


# The results hold read-only maps, which Python itself can neither pickle nor copy.
copyreg.pickle(MappingProxyType, _reduce_map)


def as_day(value: object, name: str) -> date:
    """Return a date, or the day of a date and time, also as ISO text."""
    if isinstance(value, np.datetime64) and not np.isnat(value):
        value = value.astype("M8[D]").item()
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if not isinstance(value, date) or value != value:  # pandas.NaT is a datetime
        raise InputError(
            "{name} is {value!r}; pass a datetime.date such as date(2026, 11, 1)",
            name=name,
            value=value,
        )
    return date(value.year, value.month, value.day)


def is_missing(value: object) -> bool:
    """Return whether a scalar stands for no value: None, NaN, NaT or ``pandas.NA``."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, _MAY_BE_MISSING) and bool(value != value)


_MAY_BE_MISSING = (float, np.floating, np.datetime64, np.timedelta64)


def row_labels(values: object) -> Any:
    """Return the labels of the rows of a pandas Series or DataFrame; None of anything else."""
    index = getattr(values, "index", None)
    return index if hasattr(index, "get_indexer") else None


#: Arrays of up to this many values are copied, so that a result does not change with them.
_SEPARATE = 1 << 20


def separate(array: npt.NDArray[Any], source: object, copy: bool | None) -> npt.NDArray[Any]:
    """Return a read-only *array* that does not change when *source* does.

    Parameters
    ----------
    array
        What `as_numbers` made of *source*.
    source
        Values of the caller.
    copy
        True copies whatever shares its memory with *source*, False never does. None copies up to
        a million values: beyond, a copy takes several times as long as the classification.
    """
    if copy is False or (copy is None and array.size > _SEPARATE):
        return array
    shared = not isinstance(source, (list, tuple)) and array.base is not None
    return freeze(array.copy()) if shared else array


def same_arrays(left: npt.NDArray[Any] | None, right: npt.NDArray[Any] | None) -> bool:
    """Return whether two arrays hold the same content; NaN equals NaN, None equals None."""
    if left is None or right is None:
        return left is right
    if left.dtype.kind in "fmM" and right.dtype.kind in "fmM":
        return bool(np.array_equal(left, right, equal_nan=True))
    return bool(np.array_equal(left, right))


SAME_ARRAYS = attrs.cmp_using(eq=same_arrays, class_name="SameArray")
"""For ``field(eq=SAME_ARRAYS)``: compare a field that holds an array or None by content."""


def _number_key(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_number_key(one) for one in value)
    return None if isinstance(value, float) and value != value else value


def same_numbers(_: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """Let NaN equal NaN in the numbers of a record, for ``frozen(field_transformer=...)``."""
    numbers = ("float", "float | None", "tuple[float, ...]")
    return [
        one.evolve(eq_key=_number_key)
        # The stubs of attrs leave this attribute out.
        if one.type in (*numbers, float) and one.eq and one.eq_key is None  # type: ignore[attr-defined]
        else one
        for one in fields
    ]


def _same_labels(left: Any, right: Any) -> bool:
    return left is right if left is None or right is None else bool(left.equals(right))


SAME_LABELS = attrs.cmp_using(eq=_same_labels, class_name="SameLabels")
"""For ``field(eq=SAME_LABELS)``: compare a field that holds a pandas index or None."""


class _Shown:
    """A value whose ``repr`` is short, for messages."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        if isinstance(self._value, int) and self._value.bit_length() > 256:
            sign = "-" if self._value < 0 else ""
            return f"{sign}2**{self._value.bit_length() - 1}…"
        written = repr(self._value)
        return written if len(written) <= 80 else written[:79] + "…"


def shown(value: object) -> object:
    """Return a value for the field of a message: a long one is shortened there.

    Examples
    --------
    >>> shown(17), shown(10**400)
    (17, 2**1328…)
    """
    value = value.item() if isinstance(value, np.generic) else value
    # Python refuses to write an integer of thousands of digits at all.
    plain = isinstance(value, (float, bool)) or value is None
    if plain or (isinstance(value, int) and value.bit_length() <= 256):
        return value
    return value if isinstance(value, str) and len(value) <= 80 else _Shown(value)


def listed(values: object) -> Any:
    """Return *values* as an array or list: values of a dictionary become a list, masked ones None.

    Columns of data frames, arrays and lists are returned as they are.
    """
    if isinstance(values, np.ma.MaskedArray):
        plain = values.data.astype(object)
        plain[np.ma.getmaskarray(values)] = None
        return plain
    whole = (np.ndarray, list, tuple, str, bytes)
    if isinstance(values, (_HasToNumpy, *whole)):
        return values
    return list(values) if isinstance(values, Iterable) else values


def infinity_error(array: npt.NDArray[Any], name: str) -> InputError:
    """Return an error that names the first infinite value of *array* and its position."""
    place = tuple(int(i) for i in np.argwhere(np.isinf(array))[0])
    return InputError(
        "{name} holds {value} at position {place}; replace it by the amount, "
        "or by NaN where there were no sales",
        name=name,
        value=float(array[place]),
        place=place[0] if len(place) == 1 else place,
    )


def earliest_day(days: Days) -> date | None:
    """Return the earliest of (n,) days, those that are not known apart; None of none.

    Examples
    --------
    >>> earliest_day(np.array(["2026-03-01", "NaT", "2026-02-01"], "M8[D]"))
    datetime.date(2026, 2, 1)
    """
    known = days[~np.isnat(days)]
    return known.min().astype("M8[D]").item() if len(known) else None


def as_numbers(values: ArrayLike, name: str, *, ndim: int = 1, finite: bool = True) -> Numbers:
    """Convert *values* to a read-only array of float64, or of int64 for integer input.

    Parameters
    ----------
    values
        Numbers: a list, numpy array or column of a data frame. ``None`` and NaN mean "no sales".
    name
        Name of the values in error messages.
    ndim
        Number of dimensions required.
    finite
        Whether to check for infinity; False where a later pass over the values does so.

    Returns
    -------
    numpy.ndarray
        A view where no conversion is needed.

    Raises
    ------
    InputError
        Text, true/false, infinity, the wrong shape, or an empty array.
    """
    array = _to_array(values, name)
    if array.ndim != ndim:
        raise InputError(
            "{name} has the shape {shape}, but {ndim} dimension(s) are needed; "
            "pass one row per customer",
            name=name,
            shape=array.shape,
            ndim=ndim,
        )
    if array.size == 0:
        raise InputError("{name} is empty; pass at least one customer", name=name)
    if finite and array.dtype.kind == "f":
        extremes = float(np.max(array)), float(np.min(array))
        # NaN hides an infinity from max and min; only then is every value checked.
        if any(map(np.isinf, extremes)) or (
            any(map(np.isnan, extremes)) and bool(np.isinf(array).any())
        ):
            raise infinity_error(array, name)
    return freeze(array)


def _to_array(values: ArrayLike, name: str) -> Numbers:
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    elif isinstance(values, _HasToNumpy) and not isinstance(values, np.ndarray):
        values = _column_to_array(values)
    elif isinstance(values, Iterable) and not isinstance(values, (np.ndarray, str, bytes)):
        values = list(values)  # also a range, or the values of a dictionary
    try:
        array: npt.NDArray[Any] = np.asarray(values)
    except (ValueError, OverflowError):
        raise _irregular(values, name) from None
    if array.dtype.kind in "US" and isinstance(values, list):
        # numpy makes text of a list in which one value is text; the error names that one.
        array = np.array(values, dtype=object)
    if array.dtype.kind in "iu":
        if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
            return array.astype(np.float64)
        return array.astype(np.int64, copy=False)
    if array.dtype.kind == "f":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind == "O":
        return _objects_to_floats(array, name)
    if array.size == 0 and array.dtype.kind != "b":
        return array.astype(np.float64)
    place, value = _first_that(lambda _: True, array)
    raise InputError(
        "{name} holds {value!r} at position {place}, which is not a number; "
        "convert the column to numbers first",
        name=name,
        value=value,
        place=place,
    )


def _irregular(values: object, name: str) -> InputError:
    """Return an error that names the first row of another length than the first one."""
    rows = list(values) if isinstance(values, Iterable) else []
    lengths = [
        None if isinstance(row, (str, bytes)) or not isinstance(row, Sized) else len(row)
        for row in rows
    ]
    place = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    if place is None:
        return InputError(
            "{name} is no regular table; give every row the same number of values", name=name
        )
    first, other = ((1 if size is None else size) for size in (lengths[0], lengths[place]))
    return InputError(
        "{name} is no regular table: {first} value(s) at position 0, and {count} at position "
        "{place}; give every row the same number of values",
        name=name,
        first=first,
        count=other,
        place=place,
    )


def _column_to_array(column: _HasToNumpy) -> npt.NDArray[Any]:
    try:
        array = column.to_numpy()
    except ValueError:  # pyarrow, where missing values forbid a view
        array = column.to_numpy(zero_copy_only=False)
    kind = getattr(getattr(column, "dtype", None), "kind", "O")
    if array.dtype.kind != "O" or kind not in "iuf":
        return array  # text stays text, for pandas would parse it: 'nan' would be a number
    return column.to_numpy(dtype=np.float64, na_value=np.nan)  # a nullable column of pandas


def _objects_to_floats(array: npt.NDArray[Any], name: str) -> Floats:
    """Convert ``None``, ``Decimal`` and ``Fraction`` along with ordinary numbers."""

    def is_invalid(value: object) -> bool:
        if is_missing(value):
            return False
        if isinstance(value, (str, bytes, bool, np.bool_)):
            return True
        try:
            float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            return True
        return False

    flat = [np.nan if is_missing(v) else v for v in array.ravel()]
    place, value = _first_that(is_invalid, array)
    if place is not None:
        raise InputError(
            "{name} holds {value!r} at position {place}, which is not a number; "
            "convert the column to numbers first",
            name=name,
            value=value,
            place=place,
        )
    return np.array([float(v) for v in flat], dtype=np.float64).reshape(array.shape)


def _first_that(test: Any, array: npt.NDArray[Any]) -> tuple[object, object]:
    for place in np.ndindex(array.shape):
        value: Any = array[place]
        if test(value):
            return (place[0] if len(place) == 1 else place), shown(value)
    return None, None
