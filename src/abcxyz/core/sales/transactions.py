"""Sales transactions: customer, day and amount, with optional cost and document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import (
    EXACT,
    SAME_ARRAYS,
    ArrayLike,
    Days,
    Numbers,
    as_numbers,
    freeze,
    is_missing,
    listed,
    shown,
)
from abcxyz.core.display import brief
from abcxyz.core.sales.calendar import Window
from abcxyz.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Transactions", "as_days", "as_ids", "concat"]


def as_days(values: ArrayLike, name: str = "day") -> Days:
    """Convert date objects or datetime64 values to a read-only ``datetime64[D]`` array.

    Raises
    ------
    InputError
        A date is missing, or a value is not a date.

    Notes
    -----
    A list of :class:`datetime.date` is converted by ordinals: parsing the objects with numpy is
    17 times slower.
    """
    array = np.asarray(listed(values))
    if array.dtype.kind == "O":
        flat = array.ravel()
        try:
            ordinals = np.fromiter((day.toordinal() for day in flat), np.int64, len(flat))
        except (AttributeError, ValueError):  # pandas.NaT has a toordinal that raises ValueError
            place = next((i for i, day in enumerate(flat) if is_missing(day)), None)
            if place is not None:
                raise _no_date(name, place) from None
            place = next(i for i, day in enumerate(flat) if not hasattr(day, "toordinal"))
            raise InputError(
                "{name} holds {value!r} at position {place}, which is not a date; "
                "convert the column to dates first",
                name=name,
                value=flat[place],
                place=place,
            ) from None
        array = (ordinals - date(1970, 1, 1).toordinal()).astype("M8[D]")
    if array.dtype.kind != "M":
        if array.size:
            first = array.ravel()[0]
            raise InputError(
                "{name} holds {value!r} at position {place}, which is not a date; "
                "convert the column to dates first",
                name=name,
                value=first.item(),
                place=0,
            )
        array = array.astype("M8[D]")
    days = array.astype("M8[D]", copy=False)
    missing = np.isnat(days)
    if missing.any():
        raise _no_date(name, int(np.argmax(missing)))
    return freeze(days)


def _no_date(name: str, place: int) -> InputError:
    return InputError(
        "{name} has no date at position {place}; leave the line out or give it a date",
        name=name,
        place=place,
    )


def as_ids(values: ArrayLike, name: str) -> npt.NDArray[Any]:
    """Convert identifiers to an array: integers stay integers, all others become objects.

    Whole numbers among fractions, such as ``17850.0``, become integers: pandas reads a column of
    whole numbers with a gap as fractions.

    Raises
    ------
    InputError
        A value is missing, a fraction, or no identifier; the message names its position.
    """
    plain = listed(values)
    try:
        array: npt.NDArray[Any] = np.asarray(plain)
        if array.dtype.kind in "US" and isinstance(plain, (list, tuple)):
            array = np.array(plain, dtype=object)  # the numbers among the text stay numbers
    except ValueError:  # lists of several lengths
        array = np.empty(len(plain), dtype=object)
        array[:] = plain
    if array.ndim != 1:
        raise InputError(
            "{name} holds {value!r} at position {place}, which is no identifier; pass whole "
            "numbers or text",
            name=name,
            value=shown(array[0].tolist() if array.ndim else plain),
            place=0,
        )
    if array.dtype.kind in "iu":
        return freeze(array)
    if array.dtype.kind == "f" and len(array):
        if np.isnan(array).any():
            raise _no_id(name, int(np.argmax(np.isnan(array))))
        fractional = (array != np.floor(array)) | (np.abs(array) >= EXACT)
        if fractional.any():
            raise _fraction(name, float(array[np.argmax(fractional)]))
        return freeze(array.astype(np.int64))
    array = array.astype(object)
    ids = array.tolist()
    # Two fast checks of all ids; only if they fail is each looked at.
    if set(map(type, ids)) <= {str, int} and "" not in ids:
        return freeze(array)
    array[:] = [_plain_id(value, name, place) for place, value in enumerate(ids)]
    return freeze(array)


def _plain_id(value: Any, name: str, place: int) -> Any:
    if is_missing(value) or value == "":
        raise _no_id(name, place)
    if isinstance(value, (float, np.floating)):
        if not float(value).is_integer():
            raise _fraction(name, float(value))
        return int(value)
    if isinstance(value, (list, dict, set, np.ndarray)):
        raise InputError(
            "{name} holds {value!r} at position {place}, which is no identifier; pass whole "
            "numbers or text",
            name=name,
            value=shown(value),
            place=place,
        )
    return value


def _fraction(name: str, value: float) -> InputError:
    return InputError(
        "{name} holds fractional numbers such as {value!r}; pass whole numbers or text",
        name=name,
        value=value,
    )


def _no_id(name: str, place: int) -> InputError:
    return InputError(
        "{name} has no value at position {place}; leave the line out or name it",
        name=name,
        place=place,
    )


def _amounts(values: ArrayLike, name: str = "amount") -> Numbers:
    values = listed(values) if not isinstance(values, np.ma.MaskedArray) else values
    if np.size(values) == 0:
        return freeze(np.empty(0))
    numbers = as_numbers(values, name)
    if numbers.dtype.kind == "f" and np.isnan(np.min(numbers)):
        raise InputError(
            "{name} has no value at position {place}; leave the line out or give its money",
            name=name,
            place=int(np.argmax(np.isnan(numbers))),
        )
    return numbers


def _customers(values: ArrayLike) -> npt.NDArray[Any]:
    return as_ids(values, "customer")


def _costs(values: ArrayLike | None) -> Numbers | None:
    return None if values is None else _amounts(values, "cost")


def _labels(values: ArrayLike | None) -> npt.NDArray[Any] | None:
    if values is None:
        return None
    if isinstance(values, np.ndarray) and not values.flags.writeable:
        return values  # checked before: millions of labels are shared by many batches
    labels = as_ids(values, "labels")
    if len(set(labels.tolist())) < len(labels):
        raise InputError("{name} holds a label twice; list each one once", name="labels")
    return labels


def _documents(values: ArrayLike | None) -> npt.NDArray[Any] | None:
    return None if values is None else as_ids(values, "document")


@frozen(eq=True)
class Transactions:
    """n lines of sales, as columns.

    Parameters
    ----------
    customer
        (n,) identifiers: integers or text; with *labels*, positions in these.
    day
        (n,) dates.
    amount
        (n,) money; returns are negative.
    cost
        (n,) money, for gross profit.
    document
        (n,) identifier of the line's sales document, for counting orders. Without it every line
        is a document.
    labels
        (k,) distinct identifiers of customers; None where *customer* holds the identifiers. The
        batches of one source share one array of labels.

    Raises
    ------
    InputError
        Columns of different lengths, a missing value, or a position without a label.

    Examples
    --------
    >>> from datetime import date
    >>> sales = Transactions(["a", "b"], [date(2026, 1, 5), date(2026, 2, 9)], [100, 40.5])
    >>> len(sales)
    2
    """

    __hash__ = None  # type: ignore[assignment]

    customer: npt.NDArray[Any] = field(converter=_customers, eq=SAME_ARRAYS)
    day: Days = field(converter=as_days, eq=SAME_ARRAYS)
    amount: Numbers = field(converter=_amounts, eq=SAME_ARRAYS)
    cost: Numbers | None = field(
        default=None,
        converter=_costs,
        eq=SAME_ARRAYS,
    )
    document: npt.NDArray[Any] | None = field(
        default=None,
        converter=_documents,
        eq=SAME_ARRAYS,
    )
    labels: npt.NDArray[Any] | None = field(default=None, converter=_labels, eq=SAME_ARRAYS)

    def __attrs_post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self._columns().items()}
        if len(set(lengths.values())) > 1:
            raise InputError(
                "columns differ in length: {lengths}; give every column one value per line",
                lengths=", ".join(f"{name} {length}" for name, length in lengths.items()),
            )
        if self.labels is not None and len(self):
            whole = self.customer.dtype.kind in "iu"
            low, high = (self.customer.min(), self.customer.max()) if whole else (-1, -1)
            if low < 0 or high >= len(self.labels):
                raise InputError(
                    "customer holds {value!r}, and there {count:is|are} {count} "
                    "{count:label|labels}; pass positions in the labels, counted from 0",
                    value=str((low if low < 0 else high) if whole else self.customer[0]),
                    count=len(self.labels),
                )

    def __len__(self) -> int:
        return len(self.amount)

    def __repr__(self) -> str:
        days = f"{self.day.min()} … {self.day.max()}" if len(self) else ""
        return brief(self, f"{len(self):,} lines", days, ", ".join(self._columns()))

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per line."""
        import pandas as pd

        return pd.DataFrame({**self._columns(), "customer": self.identifiers})

    def _columns(self) -> dict[str, npt.NDArray[Any]]:
        columns: dict[str, Any] = attrs.asdict(self, recurse=False)
        del columns["labels"]
        return {name: column for name, column in columns.items() if column is not None}

    @property
    def identifiers(self) -> npt.NDArray[Any]:
        """(n,) identifier of the customer of every line, also where these are labelled.

        Examples
        --------
        >>> day = date(2026, 1, 5)
        >>> sales = Transactions([1, 0, 1], [day, day, day], [1, 2, 3], labels=["Ann", "Bob"])
        >>> sales.identifiers.tolist()
        ['Bob', 'Ann', 'Bob']
        """
        return self.customer if self.labels is None else self.labels[self.customer]

    def take(self, chosen: npt.NDArray[Any] | Sequence[Any] | slice) -> Transactions:
        """Select lines by a mask, by positions or by a slice."""
        if not isinstance(chosen, slice):
            chosen = np.asarray(chosen, dtype=None if len(chosen) else np.intp)
            if chosen.dtype == np.bool_:
                chosen = np.flatnonzero(chosen)  # once for all columns
        columns = {name: column[chosen] for name, column in self._columns().items()}
        return self._made(columns, self.labels)

    def within(self, window: Window) -> Transactions:
        """Select the lines in a window; the same object if all lines are in it."""
        if len(self) and window.holds_all(self.day):
            return self
        return self.take(window.holds(self.day))

    def renumbered(
        self, customer: npt.NDArray[Any], labels: npt.NDArray[Any] | None = None
    ) -> Transactions:
        """Return the same lines with other identifiers of their customers, which are not checked.

        Parameters
        ----------
        customer
            (n,) integers; with *labels*, positions in these.
        labels
            (k,) distinct identifiers, as of the class.
        """
        return self._made({**self._columns(), "customer": customer}, labels)

    @classmethod
    def _made(
        cls, columns: dict[str, npt.NDArray[Any]], labels: npt.NDArray[Any] | None
    ) -> Transactions:
        """Build from columns that were checked before: checking millions of ids takes seconds."""
        made = object.__new__(cls)
        for one in attrs.fields(cls):
            column = columns.get(one.name)
            object.__setattr__(made, one.name, None if column is None else freeze(column))
        object.__setattr__(made, "labels", labels)
        return made


def concat(batches: Iterable[Transactions]) -> Transactions:
    """Concatenate batches.

    Parameters
    ----------
    batches
        Any number of batches; cost and document remain only if every batch has them.

    Returns
    -------
    Transactions
    """
    parts = [batch for batch in batches if len(batch)]
    if not parts:
        return Transactions([], [], [])

    labels = parts[0].labels
    shared = all(part.labels is labels for part in parts)

    def joined(name: str) -> npt.NDArray[Any] | None:
        columns = [getattr(part, name) for part in parts]
        if any(column is None for column in columns):
            return None
        return np.concatenate(columns)

    customer = joined("customer" if shared else "identifiers")
    day, amount = joined("day"), joined("amount")
    assert customer is not None
    assert day is not None
    assert amount is not None
    return Transactions(
        customer, day, amount, joined("cost"), joined("document"), labels if shared else None
    )
