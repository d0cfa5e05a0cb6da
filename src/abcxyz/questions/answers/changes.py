"""Questions about what changed: moves between segments, and alerts that hold."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from abcxyz.core.classes.segments import ABC, SEGMENTS
from abcxyz.core.dynamics.comparison import OverlappingWindowsWarning, compare
from abcxyz.core.sales.calendar import Window
from abcxyz.questions.answer import Answer, Remark
from abcxyz.questions.answers.snapshots import (
    NoSnapshotError,
    money_or_none,
    plain,
    snapshot_at,
    snapshot_fields,
)
from abcxyz.questions.cleaning import clean_name, plain_id
from abcxyz.questions.data import QuestionData
from abcxyz.questions.parameters import (
    AlertKind,
    AsOf,
    CursorText,
    FromSegment,
    Language,
    Limit,
    Owner,
    Since,
    ToSegment,
    Until,
)
from abcxyz.questions.problems import QuestionError, message
from abcxyz.questions.resolving import definition_of, first_ids, page_of, resolved, start_of
from abcxyz.toolkit.catalogue import plural, text
from abcxyz.toolkit.numbers import date_text

__all__ = ["alerts", "transitions"]


def _among(codes: Any, wanted: str | None, labels: tuple[str, ...]) -> Any:
    """Return which codes of segments are of a segment, or of a class of it."""
    if wanted is None:
        return np.ones(len(codes), dtype=bool)
    if wanted in ABC:
        row = ABC.index(wanted)
        return (codes >= 3 * row) & (codes < 3 * row + 3)
    return codes == (-1 if wanted == "N" else labels.index(wanted))


def transitions(
    data: QuestionData,
    *,
    since: Since = None,
    until: Until = None,
    from_segment: FromSegment = None,
    to_segment: ToSegment = None,
    limit: Limit = 20,
    cursor: CursorText = None,
    lang: Language = "en",
) -> Answer:
    """Return who changed segment between two days, the largest money first."""
    after = snapshot_at(data, until)
    infos = data.snapshots()
    first = since
    if first is None:
        earlier = [one for one in infos if one.as_of < after.as_of]
        if not earlier:
            raise NoSnapshotError(after.as_of, after.as_of)
        first = earlier[-1].as_of
    before = snapshot_at(data, first)
    if before.as_of >= after.as_of:
        raise QuestionError(
            "both days have the same snapshot, so nobody can have moved between them",
            code="bad_argument",
            fix=message("call again with an earlier since, or without since and until"),
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OverlappingWindowsWarning)
        moves = compare(before, after)
    assert moves.customers is not None
    moved = moves.before != moves.after
    chosen = (
        moved
        & _among(moves.before, from_segment, SEGMENTS)
        & _among(moves.after, to_segment, SEGMENTS)
    )
    if from_segment in ABC:
        # A move inside the class is none out of it.
        chosen &= ~_among(moves.after, from_segment, SEGMENTS)
    if to_segment in ABC:
        chosen &= ~_among(moves.before, to_segment, SEGMENTS)
    money = np.maximum(_filled(moves.value_before), _filled(moves.value_after))
    places = np.flatnonzero(chosen)
    places = places[np.argsort(-money[places], kind="stable")]
    names = (*moves.labels, "absent", "N")

    def row(i: int) -> dict[str, Any]:
        at = int(places[i])
        return {
            **data.shown(plain(moves.customers[at])),  # type: ignore[index]
            "before": names[int(moves.before[at])],
            "after": names[int(moves.after[at])],
            "value_before": money_or_none(_filled(moves.value_before)[at]),
            "value_after": money_or_none(_filled(moves.value_after)[at]),
        }

    arguments = {
        "since": since,
        "until": until,
        "from_segment": from_segment,
        "to_segment": to_segment,
    }
    start = start_of(data, "transitions", arguments, cursor, after.as_of)
    page = page_of(data, start, len(places), limit, row)
    fields = snapshot_fields(data, after, until, lang)
    fields["window"] = Window(before.as_of, after.as_of)
    if moves.overlap:
        fields["warnings"] += (
            Remark(
                "windows_overlap",
                text(
                    "The windows of the two snapshots share days: who moved is right, shares of "
                    "those who moved are no probabilities.",
                    lang,
                ),
            ),
        )
    return Answer(
        value=page.rows,
        sentence=plural(
            "{n} customer moved between {before} and {after}.|"
            "{n} customers moved between {before} and {after}.",
            len(places),
            lang,
            before=date_text(before.as_of, lang),
            after=date_text(after.as_of, lang),
        ),
        definition=definition_of(
            text("Customers whose segment differs between two snapshots.", lang),
            {"from_segment": from_segment, "to_segment": to_segment},
            lang,
        ),
        rows=len(places),
        first_ids=first_ids(page.rows, "customer"),
        next_cursor=page.next_cursor,
        **fields,
    )


def _filled(values: Any) -> Any:
    return np.nan_to_num(np.asarray(values, dtype=float))


def alerts(
    data: QuestionData,
    *,
    kind: AlertKind = None,
    owner: Owner = None,
    as_of: AsOf = None,
    limit: Limit = 20,
    cursor: CursorText = None,
    lang: Language = "en",
) -> Answer:
    """Return the alerts that hold today, the largest money first."""
    snapshot = snapshot_at(data, None)
    if as_of is not None and as_of < snapshot.as_of:
        raise NoSnapshotError(as_of, None)
    standing = data.alerts()
    if owner is not None:
        having = {alert.owner for alert, _ in standing if alert.owner}
        owner = resolved(
            "owner",
            owner,
            data.owners.with_ids(sorted(having)),
            shown=data.shown_owner,
        )
    chosen = [
        (alert, since)
        for alert, since in standing
        if kind in (None, alert.kind) and owner in (None, alert.owner)
    ]
    start = start_of(data, "alerts", {"kind": kind, "owner": owner}, cursor, snapshot.as_of)

    def row(i: int) -> dict[str, Any]:
        alert, since = chosen[i]
        return {
            "kind": alert.kind,
            **data.shown(alert.customer),
            "money": None if alert.money is None else money_or_none(alert.money),
            "days": alert.age,
            "owner": None if alert.owner is None else clean_name(plain_id(alert.owner)),
            "before": alert.before,
            "after": alert.after,
            "since": None if since is None else since.isoformat(),
        }

    page = page_of(data, start, len(chosen), limit, row)
    return Answer(
        value=page.rows,
        sentence=plural("{n} alert holds.|{n} alerts hold.", len(chosen), lang),
        definition=definition_of(
            text("Alerts of the newest run that still hold, by the thresholds of the job.", lang),
            {"kind": kind, "owner": owner},
            lang,
        ),
        rows=len(chosen),
        first_ids=first_ids(page.rows, "customer"),
        next_cursor=page.next_cursor,
        **snapshot_fields(data, snapshot, as_of, lang),
    )
