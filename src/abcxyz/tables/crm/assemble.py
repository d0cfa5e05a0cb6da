"""Records of a CRM out of tables whose columns are recognised by their headings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import pandas as pd
from attrs import frozen

from abcxyz.crm import TABLES, CrmData, Deals, Stage, StageChanges, StageMap, guess_stages
from abcxyz.crm.records.columns import TextColumn, text_column
from abcxyz.crm.records.personal import check_attributes
from abcxyz.crm.records.quality import Account
from abcxyz.errors import InputError
from abcxyz.tables.crm.cells import ColumnForm, read_column
from abcxyz.tables.crm.headings import choose_headings, missing_columns
from abcxyz.tables.crm.histories import (
    closing_changes,
    closing_columns,
    from_to_changes,
    has_from_to,
    wide_changes,
    wide_columns,
    with_beginnings,
    with_fields,
)
from abcxyz.tables.values.text import is_missing
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["CrmReading", "crm_of_frames"]

_WORDS = Catalogue()
_FIELDS = {"stage_changes": "changes", "product_lines": "lines"}
_FUNNEL = "sales"
#: Columns that name somebody or something; the others are compared.
_NAMING = ("deal", "lead", "activity", "customer", "owner", "user", "name", "head", "created_by")


@frozen
class CrmReading:
    """Records of a CRM, and how the files were understood.

    Parameters
    ----------
    crm
        The records.
    columns
        Table -> column of the record -> heading in the file.
    remarks
        What was guessed, derived, or is not in the files: sentences for the reader.
    """

    crm: CrmData
    columns: Mapping[str, Mapping[str, str]]
    remarks: tuple[str, ...]


def crm_of_frames(
    tables: Mapping[str, tuple[pd.DataFrame, str]],
    source: str,
    *,
    zone: str | None = None,
    columns: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    stages: Mapping[str, Sequence[str | Stage]] | None = None,
    decimal: str | None = None,
    wanted: frozenset[str] | None = None,
    fields: Sequence[str] = (),
) -> CrmReading:
    """Make the records of a CRM out of data frames.

    Parameters
    ----------
    tables
        Table -> its rows, and its name in messages.
    source
        Name of the whole in messages.
    zone, columns, stages, decimal, wanted, fields
        As in `~abcxyz.tables.crm.read.read_crm`.

    Raises
    ------
    InputError
        As there.
    """
    frames = dict(tables)
    remarks: list[str] = []
    used: dict[str, dict[str, str]] = {}
    records: dict[str, Any] = {}
    account = Account()
    outcome = None
    left: TextColumn | None = None
    if "deals" in frames:
        if wanted is None or "stage_changes" in wanted:
            frames.update(_wide(frames["deals"], columns.get("deals", {}), remarks, frames))
            frames.update(_closings(frames["deals"], columns.get("deals", {}), remarks, frames))
        frame, where = frames["deals"]
        if "outcome" in frame.columns:
            outcome = text_column(frame["outcome"][_dated(frame)])
    del tables
    for name in [one for one in frames if one != "stages"]:
        # Rows that became records are needed no more: ten million fill half a gigabyte.
        frame, where = frames[name] if name == "deals" else frames.pop(name)
        if name == "stage_changes":
            ends = has_from_to(list(frame.columns))
            if ends is not None:
                frame, lost = from_to_changes(frame, *ends)
                remarks += lost
                columns = {**columns, name: {"stage": ends[1], **columns.get(name, {})}}
        records[name], used[name] = _record(
            name, frame, where, columns.get(name, {}), zone, decimal, account
        )
        if name == "stage_changes" and ends is not None:
            dated = ~frame[used[name]["entered"]].map(is_missing)
            left = text_column(list(frame[ends[0]][dated]))
    if "deals" not in records:
        records["deals"] = _deals_of(records.get("stage_changes"), source)
        remarks.append(
            _WORDS.message(
                "there is no table of deals: they are taken from the stage changes, without "
                "amounts and owners"
            )
        )
    elif left is not None:
        records["stage_changes"], more = with_beginnings(
            records["stage_changes"], left, records["deals"]
        )
        remarks += more
    if fields and "deals" in frames:
        frame, where = frames["deals"]
        records["values"] = with_fields(
            records.get("values"), frame[_dated(frame)], where, records["deals"], fields
        )
    changes = records.get("stage_changes")
    if stages is not None:
        known = StageMap({name: tuple(map(_stage, listed)) for name, listed in stages.items()})
    elif "stages" in frames:
        known = _stage_map(frames["stages"][0], records["deals"])
    else:
        known = guess_stages(records["deals"], changes, outcome)
        remarks.append(_guessed(known))
    made: dict[str, Any] = {_FIELDS.get(name, name): record for name, record in records.items()}
    crm = CrmData(**made, stages=known, zone=zone or "UTC", quality=account.quality(0, 0))
    return CrmReading(crm, used, tuple(remarks))


def _dated(frame: pd.DataFrame) -> Any:
    """Return which rows of the deals have a moment of their creation: the others are left out."""
    started = choose_headings("deals", list(frame.columns)).get("created")
    if started is None:
        return slice(None)
    moments = frame[started]
    # Of a column of moments pandas knows it at once; others may hold blanks.
    return moments.notna() if moments.dtype.kind == "M" else ~moments.map(is_missing)


def _stage(one: str | Stage) -> Stage:
    return one if isinstance(one, Stage) else Stage(one)


def _guessed(stages: StageMap) -> str:
    listed = "; ".join(
        f"{name}: "
        + " > ".join(one.id for one in stages.order(name))
        + "".join(f" | {one.id}" for one in stages.stages(name) if one.semantics == "F")
        for name in stages.funnels
    )
    return _WORDS.message(
        "the order of the stages is guessed from the data, check it: {stages}", stages=listed
    )


def _record(
    name: str,
    frame: pd.DataFrame,
    where: str,
    chosen_by_user: Mapping[str, str],
    zone: str | None,
    decimal: str | None,
    account: Account,
) -> tuple[Any, dict[str, str]]:
    headings = [str(one) for one in frame.columns]
    for role, heading in chosen_by_user.items():
        if heading not in headings:
            raise InputError(
                "{where} has no column {heading!r} for {role}; it has {columns}",
                where=where,
                heading=heading,
                role=role,
                columns=", ".join(headings),
            )
    compared = (heading for role, heading in chosen_by_user.items() if role not in _NAMING)
    check_attributes(compared, where)
    chosen = {**choose_headings(name, headings), **chosen_by_user}
    if name == "deals" and "funnel" not in chosen:
        frame = frame.assign(funnel=_FUNNEL)
        chosen["funnel"] = "funnel"
    missing = missing_columns(name, chosen)
    if missing:
        raise InputError(
            "{where} has no column for {missing}; it has {columns}",
            where=where,
            missing=", ".join(missing),
            columns=", ".join(headings),
        )
    kinds = {one.name: one.metadata["kind"] for one in attrs.fields(TABLES[name])}
    values = {
        role: read_column(
            frame[heading], kinds[role], ColumnForm(f"{where}: {heading}", zone, decimal)
        )
        for role, heading in chosen.items()
    }
    # A row without its moment cannot be placed in time.
    needed = [one.name for one in attrs.fields(TABLES[name]) if one.metadata["kind"] == "moment"]
    dated = np.ones(len(frame), dtype=bool)
    for role in needed:
        dated &= ~np.isnat(values[role])
    account.add("no_moment", ~dated, next(iter(values.values())))
    if not dated.all():
        values = {role: column[dated] for role, column in values.items()}
    return TABLES[name](**values), chosen


def _wide(
    deals: tuple[pd.DataFrame, str],
    chosen_by_user: Mapping[str, str],
    remarks: list[str],
    frames: Mapping[str, Any],
) -> dict[str, tuple[pd.DataFrame, str]]:
    """Return the stage changes that stand in columns of the deals."""
    frame, where = deals
    columns = wide_columns([str(one) for one in frame.columns])
    if not columns or "stage_changes" in frames:
        return {}
    deal = chosen_by_user.get("deal") or choose_headings("deals", list(frame.columns))["deal"]
    rows, lost = wide_changes(frame, deal, columns)
    remarks += lost
    return {"stage_changes": (rows, where)}


def _closings(
    deals: tuple[pd.DataFrame, str],
    chosen_by_user: Mapping[str, str],
    remarks: list[str],
    frames: Mapping[str, Any],
) -> dict[str, tuple[pd.DataFrame, str]]:
    """Return the deals and the changes of an export with moments of the last move and closing."""
    frame, where = deals
    headings = [str(one) for one in frame.columns]
    columns = closing_columns(headings)
    names = {**choose_headings("deals", headings), **chosen_by_user}
    if "stage_changes" in frames or columns is None or names.get("stage") == columns["status"]:
        return {}
    if missing_columns("deals", {"funnel": _FUNNEL, **names}):
        return {}
    closed, rows, lost = closing_changes(frame, names, columns)
    remarks += lost
    return {"deals": (closed, where), "stage_changes": (rows, where)}


def _deals_of(changes: StageChanges | None, source: object) -> Deals:
    if changes is None:
        raise InputError(
            "{source} holds no deals; add the table deals or stage_changes", source=str(source)
        )
    frame = pd.DataFrame(
        {
            "deal": changes.deal,
            "entered": changes.entered,
            "stage": changes.stage.texts(),
            "funnel": _FUNNEL if changes.funnel is None else changes.funnel.texts(),
        }
    ).sort_values("entered", kind="stable")
    grouped = frame.groupby("deal", sort=False)
    first, last = grouped.first(), grouped.last()
    return Deals(
        deal=first.index.to_numpy(),
        funnel=text_column(list(last["funnel"])),
        created=first["entered"].to_numpy().astype("M8[s]"),
        stage=text_column(list(last["stage"])),
    )


def _stage_map(frame: pd.DataFrame, deals: Deals) -> StageMap:
    """Return the stages of a table ``stage, funnel, name, place, semantics, reason``."""
    texts = {
        str(name): _strings(frame[name])
        for name in frame.columns
        if str(name) in ("stage", "id", "funnel", "name", "place", "semantics", "reason")
    }
    ids = texts.get("stage") or texts.get("id")
    if ids is None:
        raise InputError(
            "the table of stages has no column stage; it has {columns}",
            columns=", ".join(map(str, frame.columns)),
        )
    funnels: dict[str, list[Stage]] = {}
    every = list(deals.funnel.categories)
    for row, stage in enumerate(ids):

        def cell(name: str, row: int = row) -> str:
            return texts[name][row] if name in texts else ""

        place = cell("place")
        made = Stage(
            stage,
            cell("name"),
            int(float(place)) if place else -1,
            cell("semantics") or "P",
            cell("reason"),
        )
        for funnel in [cell("funnel")] if cell("funnel") else every:
            funnels.setdefault(funnel, []).append(made)
    return StageMap(funnels)


def _strings(column: pd.Series[Any]) -> list[str]:
    column_: TextColumn = text_column(list(column))
    return column_.tolist()
