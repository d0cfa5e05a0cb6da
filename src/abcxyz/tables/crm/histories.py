"""Stage histories of exports: wide columns per stage, and rows from stage to stage."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from abcxyz.crm import Deals, Values
from abcxyz.crm.records.columns import text_column
from abcxyz.errors import InputError
from abcxyz.tables.roles import same_heading
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["from_to_changes", "has_from_to", "wide_changes", "wide_columns", "with_fields"]

_WORDS = Catalogue()
_WIDE = (
    re.compile(r"hs_(?:v2_)?date_entered_(?!current_stage)(?P<stage>.+)", re.IGNORECASE),
    re.compile(
        r"date entered ['\"“]?(?P<stage>[^'\"”]+?)(?: \([^)]*\))?['\"”]?(?: \([^)]*\))?",
        re.IGNORECASE,
    ),
)
_FROM = ("from stage", "old stage", "oldvalue", "old value", "из стадии", "предыдущая стадия")
_TO = ("to stage", "new stage", "newvalue", "new value", "в стадию", "новая стадия")


def wide_columns(headings: Sequence[str]) -> dict[str, str]:
    """Return heading -> stage of the columns that hold the moment of entering a stage."""
    found: dict[str, str] = {}
    for heading in headings:
        for pattern in _WIDE:
            if match := pattern.fullmatch(heading.strip()):
                found[heading] = match["stage"].strip()
                break
    return found


def wide_changes(
    frame: pd.DataFrame, deal: str, columns: dict[str, str]
) -> tuple[pd.DataFrame, list[str]]:
    """Turn one column per stage into one row per stage entered.

    Returns
    -------
    tuple
        Rows with ``deal``, ``stage``, ``entered``; and what the export does not hold.
    """
    parts = []
    for heading, stage in columns.items():
        some = frame.loc[~frame[heading].map(_is_empty), [deal, heading]]
        parts.append(pd.DataFrame({"deal": some[deal], "stage": stage, "entered": some[heading]}))
    rows = pd.concat(parts, ignore_index=True)
    lost: list[str] = [
        _WORDS.message(
            "the export has one column per stage, so only the latest entry of each stage is "
            "known: returns to a stage are lost"
        )
    ]
    return rows, lost


def _is_empty(cell: Any) -> bool:
    return cell is None or cell != cell or not str(cell).strip()


def has_from_to(headings: Sequence[str]) -> tuple[str, str] | None:
    """Return the headings of the stages before and after a change, if a file has both."""
    ends = [
        next((h for h in headings if any(same_heading(h, word) for word in words)), None)
        for words in (_FROM, _TO)
    ]
    before, after = ends
    return None if before is None or after is None else (before, after)


def from_to_changes(
    frame: pd.DataFrame, before: str, after: str
) -> tuple[pd.DataFrame, list[str]]:
    """Leave the rows that change the stage, out of those that change an amount or a date."""
    same = frame[before].map(str).str.strip() == frame[after].map(str).str.strip()
    lost: list[str] = []
    if same.any():
        lost.append(
            _WORDS.message(
                "{n} rows of the history change no stage and are left out", n=int(same.sum())
            )
        )
    return frame[~same], lost


def with_fields(
    values: Values | None, frame: pd.DataFrame, where: str, deals: Deals, fields: Sequence[str]
) -> Values:
    """Add columns of the deals to the table of values, as known from the creation on.

    Parameters
    ----------
    values
        The table so far.
    frame, where
        Rows of the deals, and their file in messages.
    deals
        The records of these rows.
    fields
        Headings of the columns.

    Raises
    ------
    InputError
        There is no such column.
    """
    texts: list[Any] = [] if values is None else values.value.tolist()
    ids = [] if values is None else [values.id]
    moments = [] if values is None else [values.at]
    kinds = [] if values is None else values.kind.tolist()
    names = [] if values is None else values.field.tolist()
    for field in fields:
        if field not in frame.columns:
            raise InputError(
                "{where} has no column {heading!r} for {role}; it has {columns}",
                where=where,
                heading=field,
                role="--field",
                columns=", ".join(map(str, frame.columns)),
            )
        texts += text_column(list(frame[field])).tolist()
        ids.append(deals.deal)
        moments.append(deals.created)
        kinds += ["deal"] * len(deals)
        names += [field] * len(deals)
    return Values(
        kind=kinds, id=np.concatenate(ids), field=names, at=np.concatenate(moments), value=texts
    )
