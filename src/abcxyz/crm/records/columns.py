"""Columns of CRM records: identifiers, categories, moments in UTC, money."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Self

import attrs
import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import Bools, Floats, Ints, freeze, is_missing
from abcxyz.errors import InputError

__all__ = [
    "OPTIONAL",
    "REQUIRED",
    "Columns",
    "Moments",
    "TextColumn",
    "as_given",
    "blank_column",
    "days_column",
    "flags",
    "moments",
    "numbers",
    "optional_ids",
    "optional_text",
    "required_ids",
    "required_moments",
    "required_text",
    "text_column",
]

Moments = npt.NDArray[np.datetime64]
"""``datetime64[s]`` in UTC; NaT where unknown."""


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


def _codes(codes: Any) -> Any:
    # Half the memory of the usual whole numbers: ten million rows have several such columns.
    return codes.astype(np.int32, copy=False)


@frozen(eq=False)
class TextColumn:
    """A dictionary-encoded text column: a million repeated names cost bytes.

    Parameters
    ----------
    categories
        Distinct texts; the empty text stands for "not given".
    codes
        (n,) index of each value in *categories*.

    Examples
    --------
    >>> column = text_column(["ads", "site", None, "ads"])
    >>> column.categories, column.codes.tolist(), column[2:].tolist()
    (('ads', 'site', ''), [0, 1, 2, 0], ['', 'ads'])
    """

    categories: tuple[str, ...] = field(converter=_texts)
    codes: Ints = field(converter=_codes)

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> TextColumn:
        """Select values by a mask, a slice or positions."""
        return TextColumn(self.categories, freeze(self.codes[rows]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TextColumn):
            return NotImplemented
        if len(self) != len(other):
            return False
        return bool((self.codes_in(other.categories) == other.codes).all())

    def tolist(self) -> list[str]:
        """Return the texts as a list."""
        return self.texts().tolist()  # type: ignore[no-any-return]

    def texts(self) -> npt.NDArray[Any]:
        """Return the texts as an object array."""
        names = np.empty(len(self.categories), dtype=object)
        names[:] = self.categories
        return names[self.codes] if len(self) else np.empty(0, dtype=object)

    def code(self, text: str) -> int:
        """Return the code of a text, -1 if no value has it."""
        return self.categories.index(text) if text in self.categories else -1

    def codes_in(self, categories: Sequence[str]) -> Ints:
        """Return the codes of the values in other categories, -1 for values not among them."""
        place = {text: code for code, text in enumerate(categories)}
        lookup = np.array([place.get(text, -1) for text in self.categories], dtype=np.int64)
        return lookup[self.codes] if len(self) else np.empty(0, dtype=np.int64)

    def present(self) -> tuple[str, ...]:
        """Return the categories that at least one value has."""
        counts = np.bincount(self.codes, minlength=len(self.categories)).tolist()
        return tuple(one for one, count in zip(self.categories, counts, strict=True) if count)

    def given(self) -> Bools:
        """Return for every value whether it is not the empty text."""
        return np.asarray(self.codes != self.code(""))


def text_column(values: Any) -> TextColumn:
    """Encode texts by dictionary; None, NaN and blanks become the empty text."""
    if isinstance(values, TextColumn):
        return values
    places: dict[str, int] = {}
    seen: dict[Any, int] = {}
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    codes = np.empty(len(listed), dtype=np.int64)
    for i, value in enumerate(listed):
        code = seen.get(value)
        if code is None:
            text = "" if is_missing(value) else str(value).strip()
            code = seen[value] = places.setdefault(text, len(places))
        codes[i] = code
    return TextColumn(tuple(places), freeze(codes))


def blank_column(n: int) -> TextColumn:
    """Return a column of *n* empty texts."""
    return TextColumn(("",), np.zeros(n, dtype=np.int64))


def optional_text(values: Any, name: str) -> TextColumn:  # noqa: ARG001 - as other converters
    """Encode a text column in which values may be missing."""
    return text_column(values)


def required_text(values: Any, name: str) -> TextColumn:
    """Encode a text column in which every value is required."""
    column_ = text_column(values)
    empty = column_.codes == column_.code("")
    if empty.any():
        raise InputError(
            "{name} has no value at position {place}; name it, or leave the row out",
            name=name,
            place=int(np.argmax(empty)),
        )
    return column_


def _ids(values: Any, name: str, *, optional: bool) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return freeze(array.astype(np.int64, copy=False))
    if array.dtype.kind == "f" and array.size:
        gaps = np.isnan(array)
        whole = np.where(gaps, 0.0, array)
        if (whole != np.floor(whole)).any():
            raise InputError(
                "{name} holds fractional numbers such as {value!r}; pass whole numbers or text",
                name=name,
                value=float(array[np.argmax(whole != np.floor(whole))]),
            )
        if not gaps.any() or optional:
            return freeze(np.where(gaps, -1, whole).astype(np.int64))
    listed = array.astype(object).tolist()
    if array.ndim == 1 and all(type(one) is int for one in listed) and listed:
        return freeze(np.array(listed, dtype=np.int64))
    texts = np.empty(len(listed), dtype=object)
    texts[:] = ["" if is_missing(one) else str(one).strip() for one in listed]
    if not optional:
        empty = texts == ""
        if len(texts) and empty.any():
            raise InputError(
                "{name} has no value at position {place}; leave the row out or give it an id",
                name=name,
                place=int(np.argmax(empty)),
            )
    return freeze(texts)


def required_ids(values: Any, name: str) -> npt.NDArray[Any]:
    """Convert identifiers: int64 for whole numbers, otherwise text."""
    return _ids(values, name, optional=False)


def optional_ids(values: Any, name: str) -> npt.NDArray[Any]:
    """Convert identifiers that may be missing: -1 among whole numbers, else the empty text."""
    return _ids(values, name, optional=True)


def moments(values: Any, name: str) -> Moments:
    """Convert moments to ``datetime64[s]`` in UTC.

    Parameters
    ----------
    values
        ``datetime64`` values, which are in UTC; aware `datetime` objects; ISO texts with an
        offset. None and NaT are unknown.
    name
        Name of the column in error messages.

    Raises
    ------
    InputError
        A moment without a zone, or a value that is no moment.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return freeze(values.astype("M8[s]", copy=False))
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    seconds = np.empty(len(listed), dtype="M8[s]")
    for place, value in enumerate(listed):
        seconds[place] = _moment(value, name, place)
    return freeze(seconds)


def _moment(value: Any, name: str, place: int) -> Any:
    if is_missing(value) or value == "":
        return np.datetime64("NaT", "s")
    if isinstance(value, np.datetime64):
        return value.astype("M8[s]")
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime):
        raise InputError(
            "{name} holds a value at position {place} that is no moment; write it as "
            "2026-05-31T09:00:00+03:00",
            name=name,
            place=place,
        )
    if value.tzinfo is None:
        raise InputError(
            "{name} holds {value} at position {place}, a moment without a zone; add its offset, "
            "such as +03:00, or read the file with its zone",
            name=name,
            value=value.isoformat(),
            place=place,
        )
    return np.datetime64(value.astimezone(UTC).replace(tzinfo=None), "s")


def required_moments(values: Any, name: str) -> Moments:
    """Convert moments, all of which are required."""
    converted = moments(values, name)
    missing = np.isnat(converted)
    if missing.any():
        raise InputError(
            "{name} has no moment at position {place}; give it one, or leave the row out",
            name=name,
            place=int(np.argmax(missing)),
        )
    return converted


def days_column(values: Any, name: str) -> Moments:
    """Convert days to ``datetime64[D]``; NaT where unknown."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return freeze(values.astype("M8[D]"))
    listed = [None if is_missing(value) or value == "" else value for value in values]
    try:
        days = [value.isoformat()[:10] if isinstance(value, date) else value for value in listed]
        return freeze(np.array(days, dtype="M8[D]"))
    except (ValueError, TypeError):
        raise InputError(
            "{name} holds a value that is no day; write days as 2026-05-31",
            name=name,
        ) from None


def numbers(values: Any, name: str) -> Floats:
    """Convert numbers to float64; NaN where unknown."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
        return freeze(values.astype(np.float64))
    listed = [math.nan if is_missing(value) else value for value in values]
    bad = next(
        (
            place
            for place, value in enumerate(listed)
            if isinstance(value, (str, bytes, bool)) or not hasattr(value, "__float__")
        ),
        None,
    )
    if bad is not None:
        raise InputError(
            "{name} holds a value at position {place} that is no number; convert the column "
            "to numbers first",
            name=name,
            place=bad,
        )
    return freeze(np.array([float(value) for value in listed], dtype=np.float64))


def flags(values: Any, name: str) -> Bools:
    """Convert true/false; missing values are false."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "b":
        return freeze(values)
    listed = [False if is_missing(value) else value for value in values]
    bad = next((p for p, v in enumerate(listed) if not isinstance(v, (bool, np.bool_))), None)
    if bad is not None:
        raise InputError(
            "{name} holds {value!r} at position {place}; pass True or False",
            name=name,
            value=listed[bad],
            place=bad,
        )
    return freeze(np.array(listed, dtype=bool))


_CONVERT: Mapping[str, Callable[[Any, str], Any]] = MappingProxyType(
    {
        "id": required_ids,
        "id?": optional_ids,
        "text": required_text,
        "text?": optional_text,
        "moment": required_moments,
        "moment?": moments,
        "day?": days_column,
        "number?": numbers,
        "flag?": flags,
    }
)
"""Kind of a column -> its converter, which takes the values and the column's name."""

REQUIRED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {kind: {"kind": kind} for kind in _CONVERT if not kind.endswith("?")}
)
"""Kind -> metadata of a column that has to be there, with a value in every row."""

OPTIONAL: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {kind.rstrip("?"): {"kind": kind} for kind in _CONVERT if kind.endswith("?")}
)
"""Kind -> metadata of a column that may be None, and may lack single values."""


def as_given(values: Any) -> Any:
    """Return values unchanged: `Columns` converts them, and knows the name of the column."""
    return values


@frozen
class Columns:
    """Base of the records: columns of one length, equal by content."""

    __hash__ = None  # type: ignore[assignment]

    def __attrs_post_init__(self) -> None:
        for one in attrs.fields(type(self)):
            values = getattr(self, one.name)
            if values is not None:
                name = f"{type(self).__name__}.{one.name}"
                converted = _CONVERT[one.metadata["kind"]](values, name)
                object.__setattr__(self, one.name, converted)
        lengths = {name: len(column_) for name, column_ in self.columns().items()}
        if len(set(lengths.values())) > 1:
            raise InputError(
                "columns differ in length: {lengths}; give every column one value per line",
                lengths=", ".join(f"{name} {length}" for name, length in lengths.items()),
            )

    def __len__(self) -> int:
        return len(next(iter(self.columns().values())))

    def columns(self) -> dict[str, Any]:
        """Return the columns that are not None, by name."""
        pairs = ((one.name, getattr(self, one.name)) for one in attrs.fields(type(self)))
        return {name: column_ for name, column_ in pairs if column_ is not None}

    def take(self, chosen: Any) -> Self:
        """Select rows by a mask or by positions."""
        return self.replaced({name: one[chosen] for name, one in self.columns().items()})

    def replaced(self, columns: Mapping[str, Any]) -> Self:
        """Return the record with *columns* alone, which were converted before; unchecked."""
        made = object.__new__(type(self))
        for one in attrs.fields(type(self)):
            value = columns.get(one.name)
            if isinstance(value, np.ndarray):
                value = freeze(value)
            object.__setattr__(made, one.name, value)
        return made

    def with_columns(self, **changed: Any) -> Self:
        """Return the record with some columns replaced by converted ones of equal length."""
        return self.replaced({**self.columns(), **changed})
