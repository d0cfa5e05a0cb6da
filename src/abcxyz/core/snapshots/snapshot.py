"""Snapshot: customers and their classes on one date."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date
from itertools import repeat
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt
from attrs import Factory, field, frozen

from abcxyz._arrays import (
    SAME_ARRAYS,
    Codes,
    Days,
    Floats,
    Ints,
    Numbers,
    as_day,
    freeze,
    frozen_map,
)
from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ, labels_of, segment_codes
from abcxyz.core.display import Tabular, brief, class_counts, html_table, plain_number
from abcxyz.core.documents import (
    codes_from,
    days_from,
    head,
    labels_or_none,
    numbers_from,
    plain_list,
    plain_value,
    reading,
)
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.transactions import as_ids
from abcxyz.core.snapshots.settings import Settings
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import plural, text
from abcxyz.toolkit.numbers import date_text, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Snapshot", "rows_among"]

_FEW = 2  # customers of a snapshot for each one that is looked for without a table of all


def _as_of(value: object) -> date:
    return as_day(value, "as_of")


@frozen(kw_only=True)
class Snapshot(Tabular):
    """Customers and their classes on one date.

    Parameters
    ----------
    as_of
        The day of the classification.
    periods
        The window before it and its buckets.
    settings
        Settings of the classification.
    customers
        (n,) identifiers, each once.
    abc, xyz
        (n,) int8 codes, -1 = not classified.
    value
        (n,) the metric over the window; NaN without sales.
    cv
        (n,) coefficient of variation; NaN where undefined.
    orders
        (n,) sales documents in the window.
    first_day, last_day
        (n,) days of the first and the last sale read; NaT without one.
    steady_abc, steady_xyz
        (n,) codes after hysteresis, see `steady`; the raw ones by default.
    """

    __hash__ = None  # type: ignore[assignment]

    as_of: date = field(converter=_as_of)
    periods: Periods
    settings: Settings
    customers: npt.NDArray[Any] = field(eq=SAME_ARRAYS)
    abc: Codes = field(eq=SAME_ARRAYS)
    xyz: Codes = field(eq=SAME_ARRAYS)
    value: Numbers = field(eq=SAME_ARRAYS)
    cv: Floats = field(eq=SAME_ARRAYS)
    orders: Ints = field(eq=SAME_ARRAYS)
    first_day: Days = field(eq=SAME_ARRAYS)
    last_day: Days = field(eq=SAME_ARRAYS)
    steady_abc: Codes = field(
        eq=SAME_ARRAYS, default=Factory(lambda self: self.abc, takes_self=True)
    )
    steady_xyz: Codes = field(
        eq=SAME_ARRAYS, default=Factory(lambda self: self.xyz, takes_self=True)
    )

    def __attrs_post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in _columns()}
        if len(set(lengths.values())) > 1:
            raise InputError(
                "columns differ in length: {lengths}; give every column one value per line",
                lengths=", ".join(f"{name} {length}" for name, length in lengths.items()),
            )

    def __len__(self) -> int:
        return len(self.customers)

    def __repr__(self) -> str:
        customers = f"{len(self):,} customers"
        return brief(self, str(self.dated), customers, class_counts(self.segment, SEGMENTS))

    @property
    def dated(self) -> date:
        """The last day of the window, which dates the result."""
        return self.periods.dated

    @functools.cached_property
    def positions(self) -> Mapping[Any, int]:
        """Customer -> index in the arrays; made on first access, so that a search is no scan."""
        return frozen_map({who: i for i, who in enumerate(self.customers.tolist())})

    def rows_of(self, customers: npt.NDArray[Any]) -> Ints:
        """Return the (k,) positions of customers in the arrays; -1 for those who are absent."""
        for known, rows in self._rows:
            if known is customers:
                return rows
        if np.array_equal(customers, self.customers):
            return np.arange(len(customers))
        if _FEW * len(customers) < len(self):
            # A table of millions of customers would take hundreds of megabytes for a few of them.
            return rows_among(self.customers, customers)
        return _looked_up(self.positions, customers)

    @functools.cached_property
    def _rows(self) -> list[tuple[npt.NDArray[Any], Ints]]:
        """Arrays of customers, and the positions of these."""
        return []

    def note_rows(self, customers: npt.NDArray[Any], rows: Ints) -> None:
        """Note the (k,) positions of an array of customers, which `rows_of` need not look up then.

        Parameters
        ----------
        customers
            (k,) identifiers, read-only.
        rows
            (k,) their positions.
        """
        self._rows.append((customers, freeze(rows)))

    @functools.cached_property
    def segment(self) -> Codes:
        """(n,) int8 segment codes, ``3 * abc + xyz``; -1 = not classified."""
        # Kept, because loops over customers ask for it one by one.
        return freeze(segment_codes(self.abc, self.xyz))

    @functools.cached_property
    def steady_segment(self) -> Codes:
        """(n,) int8 segment codes of the steadied classes."""
        return freeze(segment_codes(self.steady_abc, self.steady_xyz))

    def explain(self, customer: object, lang: str = "en") -> str:
        """Describe one customer on this date: segment, value, orders and CV.

        Raises
        ------
        InputError
            The customer is not in the list.
        """
        i = self.positions.get(customer)
        if i is None:
            raise InputError("there is no customer {customer!r} here", customer=customer)
        if self.segment[i] < 0:
            window = self.periods.window
            return text(
                "not classified in [{since}, {until})",
                lang,
                since=date_text(window.since, lang),
                until=date_text(window.until, lang),
            )
        orders = int(self.orders[i])
        sentence = plural(
            "{segment} on {day}: {value} in {n} order|{segment} on {day}: {value} in {n} orders",
            orders,
            lang,
            n=plain_number(orders, lang),
            segment=SEGMENTS[self.segment[i]],
            day=date_text(self.dated, lang),
            value=plain_number(self.value[i].item(), lang),
        )
        if np.isnan(self.cv[i]):
            return sentence
        cv = number(float(self.cv[i]), lang, 2)
        return text("{sentence}, CV {cv}", lang, sentence=sentence, cv=cv)

    def to_dict(self) -> dict[str, Any]:
        """Return a document of plain values, ready for JSON; `from_dict` reads it back.

        Examples
        --------
        >>> from abcxyz import Transactions, analyze
        >>> sales = Transactions(["a", "b"], [date(2026, 1, 5), date(2026, 2, 5)], [50, 20])
        >>> snapshot = analyze(sales, as_of="2026-03-01").snapshot
        >>> Snapshot.from_dict(snapshot.to_dict()) == snapshot
        True
        """
        columns = {
            name: labels_or_none(getattr(self, name), _LABELS[name])
            if name in _LABELS
            else plain_list(getattr(self, name))
            for name in _columns()
        }
        return head("snapshot") | {
            "as_of": self.as_of.isoformat(),
            **self.periods.to_dict(),
            "settings": plain_value(self.settings.to_dict()),
            "columns": columns,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Snapshot:
        """Build from the result of `to_dict`.

        Raises
        ------
        InputError
            It is another document, of another version, or damaged.
        """
        with reading(data, "snapshot"):
            columns: dict[str, npt.NDArray[Any]] = {}
            for name in _columns():
                values = data["columns"][name]
                if name in _LABELS:
                    columns[name] = codes_from(values, _LABELS[name])
                elif name == "customers":
                    columns[name] = as_ids(values, name)
                else:
                    columns[name] = (days_from if name.endswith("_day") else numbers_from)(values)
            return cls(
                as_of=date.fromisoformat(data["as_of"]),
                periods=Periods.from_dict(data),
                settings=Settings.from_dict(data["settings"]),
                **{name: freeze(column) for name, column in columns.items()},
            )

    def abc_classes(self) -> dict[Any, str]:
        """Return customer -> ABC class, of the customers that have one."""
        codes = self.abc.tolist()
        return {
            customer: ABC[code]
            for customer, code in zip(self.customers.tolist(), codes, strict=True)
            if code >= 0
        }

    def to_html(self, lang: str = "en") -> str:
        """Return the number of customers by segment as a table in HTML."""
        counts = np.bincount(self.segment + 1, minlength=10).tolist()
        rows = [
            [letter, *(number(counts[1 + 3 * i + j], lang) for j in range(3))]
            for i, letter in enumerate(ABC)
        ]
        customers = plural("{n} customer|{n} customers", len(self), lang)
        missing = text("{n} not classified", lang, n=counts[0])
        caption = f"{date_text(self.dated, lang)}: {customers}, {missing}"
        return html_table(caption, ("", *XYZ), rows)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per customer."""
        import pandas as pd

        return pd.DataFrame(
            {
                "customer": self.customers,
                "segment": labels_of(self.segment, SEGMENTS),
                "abc": labels_of(self.abc, ABC),
                "xyz": labels_of(self.xyz, XYZ),
                "value": self.value,
                "cv": self.cv,
                "orders": self.orders,
                "first_day": self.first_day,
                "last_day": self.last_day,
            }
        )


def _columns() -> list[str]:
    return [one.name for one in attrs.fields(Snapshot)][3:]


#: Columns of codes -> their labels.
_LABELS: Mapping[str, tuple[str, ...]] = frozen_map(
    {
        name: axis
        for name in _columns()
        for ending, axis in (("abc", ABC), ("xyz", XYZ))
        if name.endswith(ending)
    }
)


def rows_among(customers: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> Ints:
    """Return the (k,) positions of *wanted* in *customers*, by a table of these; -1 if absent.

    Examples
    --------
    >>> rows_among(np.array(["a", "b", "c"]), np.array(["c", "x"])).tolist()
    [2, -1]
    """
    every = customers.tolist()
    is_wanted = map(set(wanted.tolist()).__contains__, every)
    places = np.flatnonzero(np.fromiter(is_wanted, np.bool_, len(every))).tolist()
    return _looked_up({every[i]: i for i in places}, wanted)


def _looked_up(positions: Mapping[Any, int], customers: npt.NDArray[Any]) -> Ints:
    places = map(positions.get, customers.tolist(), repeat(-1))
    return np.fromiter(places, np.int64, len(customers))
