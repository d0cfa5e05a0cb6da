"""Array types and the converters and comparisons of the fields that hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, runtime_checkable

import attrs
import numpy as np
import numpy.typing as npt

from abcxyz.errors import InputError

__all__ = [
    "SAME_ARRAYS",
    "ArrayLike",
    "Bools",
    "Codes",
    "Days",
    "Floats",
    "Ints",
    "Numbers",
    "as_numbers",
    "freeze",
    "frozen_map",
    "infinity_error",
    "same_arrays",
]

ArrayLike: TypeAlias = npt.ArrayLike | Sequence[Any]
Bools: TypeAlias = npt.NDArray[np.bool_]
Codes: TypeAlias = npt.NDArray[np.int8]
Days: TypeAlias = npt.NDArray[np.datetime64]
Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[Any]
"""float64, or int64 for integer input; numpy's stubs cannot express the union."""


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
def frozen_map(mapping: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a read-only copy of *mapping*, for ``field(converter=frozen_map)``."""
    return MappingProxyType(dict(mapping))


def same_arrays(left: npt.NDArray[Any] | None, right: npt.NDArray[Any] | None) -> bool:
    """Return whether two arrays hold the same content; NaN equals NaN, None equals None."""
    if left is None or right is None:
        return left is right
    if left.dtype.kind in "fmM" and right.dtype.kind in "fmM":
        return bool(np.array_equal(left, right, equal_nan=True))
    return bool(np.array_equal(left, right))


SAME_ARRAYS = attrs.cmp_using(eq=same_arrays, class_name="SameArray")
"""For ``field(eq=SAME_ARRAYS)``: compare a field that holds an array or None by content."""


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
    array: npt.NDArray[Any] = np.asarray(values)
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


def _column_to_array(column: _HasToNumpy) -> npt.NDArray[Any]:
    try:
        array = column.to_numpy()
    except ValueError:  # pyarrow, where missing values forbid a view
        array = column.to_numpy(zero_copy_only=False)
    if array.dtype.kind != "O":
        return array
    try:  # pandas' nullable columns
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return array


def _objects_to_floats(array: npt.NDArray[Any], name: str) -> Floats:
    """Convert ``None``, ``Decimal`` and ``Fraction`` along with ordinary numbers."""

    def is_invalid(value: object) -> bool:
        if value is None:
            return False
        if isinstance(value, (str, bytes, bool, np.bool_)):
            return True
        try:
            float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return type(value).__name__ != "NAType"
        return False

    flat = [np.nan if v is None or type(v).__name__ == "NAType" else v for v in array.ravel()]
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
            shown = value.item() if isinstance(value, np.generic) else value
            return (place[0] if len(place) == 1 else place), shown
    return None, None
