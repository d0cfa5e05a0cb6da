"""Columns of leads from tables of any kind, and the bin of each value."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints, row_labels, shown
from abcxyz.core.prospects.attributes import Attribute, word
from abcxyz.errors import InputError

__all__ = [
    "ID_COLUMNS",
    "LeadColumns",
    "Unreadable",
    "Words",
    "as_array",
    "as_figures",
    "as_words",
    "columns_of",
    "place_values",
]

ID_COLUMNS = ("lead", "id", "lead_id", "customer_id")
"""Names of a column of identifiers; the first that is there counts."""

_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


@frozen
class Unreadable:
    """A cell that is not a number where one is required; it counts as unknown."""

    position: int
    attribute: str
    value: str


@frozen(eq=False)
class LeadColumns:
    """Leads by column.

    Parameters
    ----------
    ids
        (n,) identifiers.
    columns
        Name -> n values: a list, array or column of a data frame.
    id_name
        Name of the identifiers in the table they come from.
    index
        Index of a pandas data frame; None of other tables.
    """

    ids: npt.NDArray[Any]
    columns: Mapping[str, Any]
    id_name: str = "lead"
    index: Any = None

    def __len__(self) -> int:
        return len(self.ids)


@frozen(eq=False)
class Words:
    """A dictionary-encoded column of categories.

    Parameters
    ----------
    words
        Distinct values; the empty string is unknown.
    codes
        (n,) index of each value in *words*.
    """

    words: Sequence[str]
    codes: Ints

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Words:
        """Select values by position; *words* are unchanged."""
        return Words(self.words, self.codes[rows])


def columns_of(
    table: Any, names: Sequence[str] | None = None, ids: Sequence[Any] | None = None
) -> LeadColumns:
    """Extract columns from a mapping, a data frame, or ``{id: {attribute: value}}``.

    Parameters
    ----------
    table
        A mapping of column -> values, a mapping of id -> attributes, or a data frame of pandas,
        polars, pyarrow or DuckDB; a lazy one is computed.
    names
        Columns to extract, None for all; absent ones are left out.
    ids
        Identifiers of the leads; None for a column of `ID_COLUMNS`, or else the index of a pandas
        data frame, or else positions.

    Raises
    ------
    InputError
        *table* is not a table, or its columns differ in length.
    """
    if isinstance(table, Mapping) and all(isinstance(row, Mapping) for row in table.values()):
        return _by_id(table, names)
    index = row_labels(table)
    mapping = _as_mapping(table)
    keys = {str(name): name for name in mapping}
    wanted = list(keys) if names is None else [name for name in names if name in keys]
    extra = [] if ids is not None else [key for key in ID_COLUMNS if key in keys][:1]
    columns = {name: mapping[keys[name]] for name in (*wanted, *extra)}
    # A table without any of the columns still has rows to count.
    some = columns or {name: mapping[key] for name, key in list(keys.items())[:1]}
    sizes = {name: len(column) for name, column in some.items()}
    if ids is not None:
        sizes["ids"] = len(ids)
    if len(set(sizes.values())) > 1:
        raise InputError(
            "the columns of the leads have the lengths {sizes}; make them equal", sizes=sizes
        )
    n = next(iter(sizes.values()), 0)
    id_name = extra[0] if extra else "lead"
    if ids is None and not extra and index is not None:
        ids, id_name = index, str(index.name or "lead")
    elif ids is None:
        ids = columns[id_name] if extra else range(n)
    return LeadColumns(_objects(ids), {name: columns[name] for name in wanted}, id_name, index)


def _by_id(rows: Mapping[Any, Mapping[str, object]], names: Sequence[str] | None) -> LeadColumns:
    if names is None:
        names = list(dict.fromkeys(str(name) for row in rows.values() for name in row))
    columns = {name: [row.get(name) for row in rows.values()] for name in names}
    return LeadColumns(_objects(list(rows)), columns)


def _as_mapping(table: Any) -> Any:
    """Return a mapping-like object: names to iterate over, columns by name."""
    if isinstance(table, Mapping):
        return table
    if hasattr(table, "fetchnumpy"):  # DuckDB
        return table.fetchnumpy()
    if hasattr(table, "toPandas"):  # Spark
        table = table.toPandas()
    for name in ("collect", "compute", "read_all"):  # polars and narwhals, dask, Arrow readers
        if not hasattr(table, "__getitem__") or not hasattr(table, "__len__"):
            table = getattr(table, name, lambda table=table: table)()
    if hasattr(table, "column_names"):  # Arrow
        return {name: table.column(name) for name in table.column_names}
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return {name: table[name] for name in table.columns}
    raise InputError(
        "the leads come as {kind}; pass a data frame, columns by name, or attributes by id",
        kind=type(table).__name__,
    )


def _objects(values: Any) -> npt.NDArray[Any]:
    objects = np.empty(len(values), dtype=object)
    listed = as_array(values).tolist() if len(values) else []
    # A column of whole numbers with a gap is read as fractions by pandas.
    objects[:] = [
        int(one) if isinstance(one, float) and one.is_integer() else one for one in listed
    ]
    return objects


def as_array(column: Any) -> npt.NDArray[Any]:
    """Convert a column to an array of (n,) values; missing ones are ``None`` or NaN."""
    if np.ma.isMaskedArray(column):  # DuckDB marks NULL with a mask
        return np.array(column.tolist(), dtype=object)
    if isinstance(column, (list, tuple)):
        # numpy would turn [1, "x"] into text and [[1], [2]] into a square.
        objects = np.empty(len(column), dtype=object)
        objects[:] = column
        return objects
    array = np.asarray(column)
    return array if array.ndim == 1 else as_array(list(column))


def as_words(column: Any) -> tuple[Sequence[str], Ints]:
    """Return the distinct normalised values of a column, and the index of each value in them.

    Notes
    -----
    A fixed-width numpy string array would be as wide as the longest value in every row.
    """
    if isinstance(column, Words):
        return column.words, column.codes
    array = as_array(column)
    places: dict[str, int] = {}
    seen: dict[Any, int] = {}
    codes = np.empty(len(array), dtype=np.int64)
    for i, value in enumerate(array.tolist()):
        try:
            code = seen.get(value)
        except TypeError:  # unhashable, such as a list
            value = str(value)
            code = seen.get(value)
        if code is None:
            code = seen[value] = places.setdefault(word(value), len(places))
        codes[i] = code
    return list(places), codes


def as_figures(
    column: Any, name: str, *, strict: bool = True
) -> tuple[Floats, tuple[Unreadable, ...]]:
    """Convert a column to floats, NaN where unknown; text such as ``1 200,5`` is parsed.

    Parameters
    ----------
    column
        (n,) values.
    name
        Name of the column in error messages.
    strict
        Whether a value that is not a number is an error; otherwise it becomes NaN and is
        reported.

    Returns
    -------
    tuple
        (n,) floats, and the unreadable values.

    Raises
    ------
    InputError
        A value is not a number, and *strict*.
    """
    array = as_array(column)
    bad: list[Unreadable] = []
    if array.dtype.kind in "iuf":
        figures: Floats = array.astype(np.float64)
    else:
        figures = np.empty(len(array))
        for i, value in enumerate(array.tolist()):
            try:
                figures[i] = _figure(value)
            except (ValueError, OverflowError):
                if strict:
                    raise InputError(
                        "{name} holds {value!r} at position {place}, which is no number, or could "
                        "be two; write it in plain digits, or leave it empty",
                        name=name,
                        value=_short(value),
                        place=i,
                    ) from None
                figures[i] = math.nan
                bad.append(Unreadable(i, name, _short(value)))
    figures[np.isinf(figures)] = np.nan
    return figures, tuple(bad)


def _short(value: object) -> str:
    short = shown(value)
    text = str(value) if short is value else repr(short)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _figure(value: object) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    if value is None:
        return math.nan
    plain = str(value)
    try:
        return float(plain)
    except ValueError:
        return _parsed(plain)


def _parsed(plain: str) -> float:
    """Parse ``1 200,5``, ``1,200.50`` and ``1.200.000``; refuse ``1,200``, which is ambiguous."""
    if not word(plain):
        return math.nan
    digits = "".join(plain.split()).replace("'", "")
    comma, dot = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and dot >= 0:
        thousands = "," if dot > comma else "."
    elif digits.count(",") > 1 or digits.count(".") > 1:
        thousands = "," if comma >= 0 else "."
    elif _AMBIGUOUS.fullmatch(digits):
        raise ValueError(plain)
    else:
        thousands = ""
    if thousands:
        digits = digits.replace(thousands, "")
    return float(digits.replace(",", "."))


def place_values(
    column: Any, attribute: Attribute, *, strict: bool = True
) -> tuple[Ints, Bools, tuple[Unreadable, ...]]:
    """Find the bin of every value.

    Returns
    -------
    tuple
        (n,) bin indices, -1 for none; (n,) whether the value is known; unreadable values.
    """
    bins = attribute.bins
    if attribute.kind == "number":
        figures, bad = as_figures(column, attribute.name, strict=strict)
        known = ~np.isnan(figures)
        places = np.array([k for k, part in enumerate(bins) if not part.values], dtype=np.int64)
        indices = np.full(len(figures), -1, dtype=np.int64)
        if len(places):
            edges = [part.upto for part in attribute.ranges[:-1]]
            indices = np.where(known, places[np.searchsorted(edges, figures)], -1)
        for k, part in enumerate(bins):
            for value in part.values:
                indices[figures == float(value)] = k
        return indices, known, bad
    words, codes = as_words(column)
    other = len(bins) - 1 if bins and not bins[-1].values else -1
    lookup = {value: k for k, part in enumerate(bins) for value in part.values}
    place = np.array([lookup.get(one, other) if one else -1 for one in words], dtype=np.int64)
    known = np.array([one != "" for one in words], dtype=bool)
    if not len(codes):
        return codes, np.zeros(0, dtype=bool), ()
    return place[codes], known[codes], ()
