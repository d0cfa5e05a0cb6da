"""Labels of rows: the index of pandas, or a key column of other data frames."""

from __future__ import annotations

from typing import Any

from abcxyz._arrays import row_labels
from abcxyz.errors import InputError

__all__ = ["aligned", "labelled"]

#: Libraries whose data frames have no index.
_WITHOUT_INDEX = ("polars", "pyarrow", "narwhals")


def labelled(values: Any, name: str, *, key: str | None = None, ndim: int = 1) -> tuple[Any, Any]:
    """Separate the labels of the rows from their numbers.

    Parameters
    ----------
    values
        Numbers of any kind that `as_numbers` takes, or a data frame.
    name
        Name of the values in error messages.
    key
        Column of a data frame that holds the labels. None for the index of pandas, or else the
        only column without numbers.
    ndim
        1 where a data frame must have one column of numbers.

    Returns
    -------
    tuple
        The numbers, and the labels as a pandas index; None if there are none.

    Raises
    ------
    InputError
        There is no such column, no data frame that has one, or more than one column may hold the
        labels.
    """
    frame = values if _is_pandas_frame(values) else _as_pandas(values)
    if frame is None:
        if key is not None:
            raise InputError(
                "{name} is no data frame, so that it has no column {key!r}; leave out key",
                name=name,
                key=key,
            )
        return values, row_labels(values)
    if key is None and frame is not values:
        key = _only_text(frame, name)
    index = frame.index if frame is values else None
    if key is not None:
        if key not in frame.columns:
            raise InputError(
                "{name} has no column {key!r}; its columns are {columns}",
                name=name,
                key=key,
                columns=", ".join(map(str, frame.columns)),
            )
        index = frame.set_index(key).index
        frame = frame.drop(columns=key)
    if ndim != 1:
        return frame, index
    if frame.shape[1] != 1:
        raise InputError(
            "{name} has the columns {columns}, and one is needed; pass one of them",
            name=name,
            columns=", ".join(map(str, frame.columns)),
        )
    return frame.iloc[:, 0], index


def _is_pandas_frame(values: Any) -> bool:
    return row_labels(values) is not None and getattr(values, "ndim", 1) == 2


def _as_pandas(values: Any) -> Any:
    """Return a data frame without an index as one of pandas; None of anything else."""
    root = type(values).__module__.partition(".")[0]
    if root not in _WITHOUT_INDEX or not hasattr(type(values), "columns"):
        return None
    import narwhals.stable.v2 as nw
    import pandas as pd

    frame = nw.from_native(values, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        raise InputError(
            "{type} is not computed yet; pass a frame in memory, such as that of collect()",
            type=f"{type(values).__module__}.{type(values).__qualname__}",
        )
    return pd.DataFrame(
        {
            column: frame[column].to_numpy()
            if frame[column].dtype.is_numeric()
            else pd.Series(frame[column].to_list(), dtype=object)
            for column in frame.columns
        }
    )


def _only_text(frame: Any, name: str) -> str | None:
    text = [column for column in frame.columns if frame[column].dtype == object]
    if len(text) > 1:
        raise InputError(
            "{name} has the columns {columns} without numbers; name the one of the labels with "
            "key, and leave out the others",
            name=name,
            columns=", ".join(map(str, text)),
        )
    return text[0] if text else None


def aligned(values: Any, index: Any, labels: Any, name: str) -> Any:
    """Return (n,) *values* in the order of other *labels*; unchanged if either has none.

    Parameters
    ----------
    values
        (n,) array in the order of *index*.
    index, labels
        Labels of the values, and the order wanted; None if not known.
    name
        Name of the values in error messages.

    Raises
    ------
    InputError
        The labels differ, or some occur more than once.
    """
    if index is None or labels is None or index.equals(labels):
        return values
    if not (index.is_unique and labels.is_unique):
        raise InputError(
            "the rows of {name} have labels in another order than the others, some of them more "
            "than once, and cannot be matched; give each customer one row, or reset the indexes",
            name=name,
        )
    places = index.get_indexer(labels)
    if len(index) != len(labels) or (places < 0).any():
        missing = labels[places < 0] if (places < 0).any() else index.difference(labels)
        raise InputError(
            "the rows of {name} have other labels than the others, such as {label!r}; pass the "
            "same customers everywhere",
            name=name,
            label=missing[0],
        )
    return values[places]
