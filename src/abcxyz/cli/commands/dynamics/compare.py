"""``abcxyz compare``: transitions between two dates of the history."""

from __future__ import annotations

import argparse
import json
import math
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from abcxyz.cli.options.dates import parse_month
from abcxyz.cli.options.defaults import default_of
from abcxyz.cli.options.history import add_history
from abcxyz.cli.options.language import text_language
from abcxyz.errors import HistoryError
from abcxyz.i18n import date_text, money, number, percent, text

if TYPE_CHECKING:
    from abcxyz.core.dynamics.event_totals import EventTotal
    from abcxyz.core.dynamics.transitions import Transitions
    from abcxyz.core.snapshots.snapshot import Snapshot
    from abcxyz.history import History

__all__ = ["HELP", "add_arguments", "run"]

HELP = "compare two dates of the history"

_SHOWN = (
    "up",
    "down",
    "moved",
    "same",
    "new",
    "returned",
    "lost",
    "idle",
    "registered",
    "removed",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Show the transitions between two snapshots of a history, with customers and money."
    )
    from abcxyz.core.dynamics.comparison import AXES, compare

    parser.add_argument("before", metavar="BEFORE", help="the earlier date, or its month: 2026-09")
    parser.add_argument("after", metavar="AFTER", help="the later date, or its month: 2026-09")
    parser.add_argument(
        "--by",
        choices=AXES,
        default=default_of(compare, "by"),
        help="what to compare",
    )
    parser.add_argument(
        "--steadied", action="store_true", help="take the classes after hysteresis"
    )
    parser.add_argument(
        "--settings", metavar="HEX", help="of the snapshots, where several have the same date"
    )
    parser.add_argument(
        "--any-settings", action="store_true", help="compare although other settings made them"
    )
    add_history(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.core.dynamics.comparison import compare
    from abcxyz.history import History

    with History(args.history, create=False) as history:
        before, after = (
            _snapshot(history, args, written) for written in (args.before, args.after)
        )
    moves = compare(
        before,
        after,
        by=args.by,
        steadied=args.steadied,
        any_settings=args.any_settings,
    )
    if args.json:
        described = _object(moves, before, after)
        print(json.dumps(described, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print(_render(moves, before, after, text_language(args)))
    return 0


def _snapshot(history: History, args: argparse.Namespace, written: str) -> Snapshot:
    day = parse_month(written, "DATE")
    whole_month = written.strip().count("-") == 1 or written.strip().count(".") == 1
    if whole_month:
        inside = [
            one.dated
            for one in history.snapshots()
            if (one.dated.year, one.dated.month) == (day.year, day.month)
        ]
        if not inside:
            raise HistoryError(
                "{file} holds no snapshot dated in {month}; see abcxyz history",
                file=args.history,
                month=written,
            )
        day = max(inside)
    return history.get(day, fingerprint=args.settings, job=args.history_job)


def _shown(moves: Transitions) -> list[EventTotal]:
    from abcxyz.core.dynamics.event_totals import event_totals

    totals = {one.event: one for one in event_totals(moves)}
    return [totals[name] for name in _SHOWN if name in totals]


def _object(moves: Transitions, before: Snapshot, after: Snapshot) -> dict[str, Any]:
    low, high = moves.intervals
    rates = moves.rates
    change, was, now = moves.money_change, moves.money_before, moves.money_after
    rows, columns = np.nonzero(moves.counts)
    return {
        "before": before.dated.isoformat(),
        "after": after.dated.isoformat(),
        "overlap": moves.overlap,
        "interval": {"method": moves.method, "level": moves.level},
        "events": {one.event: one.customers for one in _shown(moves)},
        "paths": [
            {
                "before": moves.states[r],
                "after": moves.states[c],
                "customers": int(moves.counts[r, c]),
                "rate": float(rates[r, c]),
                "low": float(low[r, c]),
                "high": float(high[r, c]),
                "money_before": float(was[r, c]),
                "money_after": float(now[r, c]),
                "money_change": float(change[r, c]),
            }
            for r, c in zip(rows.tolist(), columns.tolist(), strict=True)
        ],
        "new": moves.new.tolist(),
        "reactivated": moves.reactivated.tolist(),
        "lost": moves.lost.tolist(),
    }


def _render(moves: Transitions, before: Snapshot, after: Snapshot, lang: str) -> str:
    from abcxyz.cli.output.analysis_text import table

    def day(of: date) -> str:
        return date_text(of, lang)

    head = text("From {before} to {after}", lang, before=day(before.dated), after=day(after.dated))
    seen = [
        i for i in range(len(moves.states)) if moves.counts[i].any() or moves.counts[:, i].any()
    ]
    names = [moves.states[i] for i in seen]
    rows = [["", *(text(name, lang) for name in names)]]
    rates = moves.rates
    for i in seen:
        rows.append(
            [text(moves.states[i], lang), *(number(moves.counts[i, j], lang) for j in seen)]
        )
        shares = [rates[i, j] for j in seen]
        rows.append(["", *("" if math.isnan(x) or not x else percent(x, lang) for x in shares)])
    events = [[text(title, lang) for title in ("What happened", "Customers", "Money before",
                                               "Money after", "Difference")]]  # fmt: skip
    events.extend(
        [
            text(one.event, lang),
            number(one.customers, lang),
            *(money(x, lang) for x in (one.value_before, one.value_after, one.change)),
        ]
        for one in _shown(moves)
    )
    legend = text("(rows before, columns after; below the customers their share of the row)", lang)
    return "\n".join([head, "", table(rows), legend, "", table(events)])
