"""Inputs of transitions: codes, money and identifiers, matched by their labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import ArrayLike, Bools, Codes, Numbers, as_numbers, is_missing
from abcxyz.core.classes.results import AbcResult, XyzResult
from abcxyz.core.dynamics.events import ABSENT
from abcxyz.core.labels import aligned, labelled
from abcxyz.core.sales.transactions import as_ids
from abcxyz.errors import InputError

__all__ = ["codes_of", "column_of", "customers_of", "flags_of", "money_of"]


def customers_of(customers: ArrayLike | None, index: Any) -> npt.NDArray[Any] | None:
    """Return the identifiers of the customers: those passed, or else their labels."""
    if customers is None:
        return None if index is None else np.asarray(index)
    return customers if isinstance(customers, np.ndarray) else as_ids(customers, "customers")


def column_of(
    values: ArrayLike | None, name: str, index: Any, convert: Callable[[Any, str], Any]
) -> Any:
    """Convert a column of the customers, in the order of their labels."""
    if values is None:
        return None
    column, labels = labelled(values, name)
    return aligned(convert(column, name), labels, index, name)


def flags_of(values: ArrayLike, name: str) -> Bools:
    """Return whether each value is true.

    Raises
    ------
    InputError
        A value is missing.
    """
    flags = np.asarray(values)
    if flags.dtype.kind == "O" and any(map(is_missing, flags.ravel().tolist())):
        place = next(i for i, one in enumerate(flags.ravel().tolist()) if is_missing(one))
        raise InputError(
            "{name} has no value at position {place}; pass true or false", name=name, place=place
        )
    return flags.astype(bool)


def codes_of(
    array: ArrayLike | AbcResult | XyzResult, name: str, classes: int
) -> tuple[Codes, Any]:
    """Return the codes of the classes, and the labels of the rows; None if there are none.

    Raises
    ------
    InputError
        A value is no code of a class.
    """
    if isinstance(array, (AbcResult, XyzResult)):
        return array.codes, array.index
    column, index = labelled(array, name)
    return _checked(np.asarray(column), name, classes), index


def _checked(codes: npt.NDArray[Any], name: str, classes: int) -> Codes:
    if codes.ndim != 1 or codes.dtype.kind not in "iu":
        raise InputError(
            "{name} is an array of {kind} with the shape {shape}; pass one whole number per "
            "customer: a class code, -1 for not classified, -2 for absent",
            name=name,
            kind=codes.dtype,
            shape=codes.shape,
        )
    if len(codes) and not (int(codes.min()) >= ABSENT and int(codes.max()) < classes):
        wrong = np.flatnonzero((codes < ABSENT) | (codes >= classes))[0]
        raise InputError(
            "{name} holds the code {value} at position {place}; there {classes:is|are} "
            "{classes} {classes:class|classes}, so codes run from -2 to {last}",
            name=name,
            value=int(codes[wrong]),
            place=int(wrong),
            classes=classes,
            last=classes - 1,
        )
    return codes.astype(np.int8, copy=False)


def money_of(values: ArrayLike, name: str) -> Numbers:
    """Return money with zero for missing values."""
    if np.size(values) == 0:
        return np.empty(0)
    numbers = as_numbers(values, name)
    if numbers.dtype.kind == "f" and np.isnan(np.min(numbers)):
        numbers = np.where(np.isnan(numbers), 0.0, numbers)
    return numbers
