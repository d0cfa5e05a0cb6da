"""Stage histories of exports: wide columns, rows from stage to stage, moments of closing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from abcxyz.crm import Deals, StageChanges, Values
from abcxyz.crm.records.columns import TextColumn, text_column
from abcxyz.crm.records.keys import rows_of
from abcxyz.errors import InputError
from abcxyz.tables.crm.headings import bare
from abcxyz.tables.roles import same_heading
from abcxyz.toolkit.catalogue import Catalogue

__all__ = [
    "closing_changes",
    "closing_columns",
    "from_to_changes",
    "has_from_to",
    "wide_changes",
    "wide_columns",
    "with_beginnings",
    "with_fields",
]

_WORDS = Catalogue()
_WIDE = (
    re.compile(r"hs_(?:v2_)?date_entered_(?!current_stage)(?P<stage>.+)", re.IGNORECASE),
    re.compile(
        r"date entered ['\"“]?(?P<stage>[^'\"”]+?)(?: \([^)]*\))?['\"”]?(?: \([^)]*\))?",
        re.IGNORECASE,
    ),
)
_FROM = (
    *("from stage", "old stage", "oldvalue", "old value", "value before"),
    *("из стадии", "предыдущая стадия", "значение до"),
)
_TO = (
    *("to stage", "new stage", "newvalue", "new value", "value after"),
    *("в стадию", "новая стадия", "значение после"),
)
#: Column that names the kind of an event, and words of a change of the stage in it.
_EVENT = ("event", "event type", "field", "событие", "тип события")
_STAGE_EVENT = re.compile(r"lead_status_changed|stage|status|этап|статус|стади", re.IGNORECASE)
#: Columns of an export with the moments of a deal's last move and of its closing.
_CLOSING = {
    "status": ("status", "deal status", "статус"),
    "moved": ("stage change time", "last stage change", "дата последнего изменения этапа"),
    "won": ("won time", "дата выигрыша", "время выигрыша"),
    "lost": ("lost time", "дата проигрыша", "время проигрыша"),
}


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
    before, after = _heading(headings, _FROM), _heading(headings, _TO)
    return None if before is None or after is None else (before, after)


def from_to_changes(
    frame: pd.DataFrame, before: str, after: str
) -> tuple[pd.DataFrame, list[str]]:
    """Leave the rows that change the stage, out of those that change an amount or a date."""
    same = frame[before].map(str).str.strip() == frame[after].map(str).str.strip()
    event = _heading([str(one) for one in frame.columns], _EVENT)
    if event is not None:
        same |= ~frame[event].map(str).str.contains(_STAGE_EVENT)
    lost: list[str] = []
    if same.any():
        lost.append(
            _WORDS.message(
                "{n} {n:row|rows} of the history {n:changes|change} no stage and {n:is|are} "
                "left out",
                n=int(same.sum()),
            )
        )
    return frame[~same], lost


def with_beginnings(
    changes: StageChanges, before: TextColumn, deals: Deals
) -> tuple[StageChanges, list[str]]:
    """Add the stage in which each deal began: the one that its first move left.

    Parameters
    ----------
    changes
        The moves.
    before
        (n,) the stage that each of them left.
    deals
        The deals. Those created before the first move of the file are left as they are: their
        first moves may be missing in it.

    Returns
    -------
    tuple
        The changes, and what was added as a sentence.
    """
    if not len(changes):
        return changes, []
    order = np.argsort(changes.entered, kind="stable")
    row = rows_of(changes.deal, deals.deal)
    first = np.full(len(deals), -1, dtype=np.int64)
    known = order[row[order] >= 0][::-1]
    first[row[known]] = known  # the earliest is written last
    begun = np.flatnonzero((first >= 0) & (deals.created >= changes.entered.min()))
    move = first[begun]
    given = before.given()[move] & (deals.created[begun] < changes.entered[move])
    begun, move = begun[given], move[given]
    # A deal without a move has been in its stage since its creation.
    still = np.flatnonzero((first < 0) & (deals.created >= changes.entered.min()))
    count = len(begun) + len(still)
    if not count:
        return changes, []
    stages = [*before[move].tolist(), *deals.stage[still].tolist(), *changes.stage.tolist()]
    more: dict[str, Any] = {}
    for name in ("user", "cause"):
        if getattr(changes, name) is not None:
            more[name] = [""] * count + getattr(changes, name).tolist()
    if changes.funnel is not None:
        funnels = [*changes.funnel[move].tolist(), *deals.funnel[still].tolist()]
        more["funnel"] = funnels + changes.funnel.tolist()
    added = np.concatenate([begun, still])
    made = StageChanges(
        deal=np.concatenate([deals.deal[added], changes.deal]),
        stage=stages,
        entered=np.concatenate([deals.created[added], changes.entered]),
        **more,
    )
    return made, [
        _WORDS.message(
            "{n} {n:deal|deals} {n:begins in the stage that its|begin in the stage that "
            "their} first move left, or in which {n:it still is|they still are}",
            n=count,
        )
    ]


def _heading(headings: Sequence[str], words: Sequence[str]) -> str | None:
    return next((h for h in headings if any(same_heading(bare(h), word) for word in words)), None)


def closing_columns(headings: Sequence[str]) -> dict[str, str] | None:
    """Return the columns of status, last move, win and loss, of an export that has them all."""
    found = {name: _heading(headings, words) for name, words in _CLOSING.items()}
    known = {name: heading for name, heading in found.items() if heading is not None}
    return known if len(known) == len(found) else None


def closing_changes(
    frame: pd.DataFrame, names: dict[str, str], columns: dict[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Turn the moments of the last move and of the closing into stage changes.

    Parameters
    ----------
    frame
        One row per deal, whose stage is that in which it was closed.
    names
        Headings of ``deal``, ``stage`` and ``created``.
    columns
        Result of `closing_columns`.

    Returns
    -------
    tuple
        The deals, closed ones in the stage ``won`` or ``lost``; rows with ``deal``, ``stage``,
        ``entered``; and what the export does not hold.
    """
    deal, stage, created = names["deal"], names["stage"], names["created"]
    # A deal that never moved has been in its stage since its creation.
    entered = frame[columns["moved"]].where(
        ~frame[columns["moved"]].map(_is_empty), frame[created]
    )
    parts = [pd.DataFrame({"deal": frame[deal], "stage": frame[stage], "entered": entered})]
    status = frame[columns["status"]].map(str).str.strip().str.casefold()
    deals = frame.copy()
    deals["closed"] = None
    for outcome in ("won", "lost"):
        closed = (status == outcome) & ~frame[columns[outcome]].map(_is_empty)
        moments = frame.loc[closed, columns[outcome]]
        parts.append(
            pd.DataFrame({"deal": frame.loc[closed, deal], "stage": outcome, "entered": moments})
        )
        deals.loc[status == outcome, stage] = outcome
        deals.loc[closed, "closed"] = moments
    lost: list[str] = [
        _WORDS.message(
            "the export holds the last change of the stage and the closing of a deal only: "
            "the stages before, the times in them and returns are lost"
        )
    ]
    return deals, pd.concat(parts, ignore_index=True), lost


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
