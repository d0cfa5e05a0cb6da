"""``abcxyz crm effect``: what followed an announced change."""

from __future__ import annotations

import argparse
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abcxyz.crm import BusinessCalendar, CrmData
    from abcxyz.crm.changes.effect import EffectOfChange
    from abcxyz.crm.settings import AnnouncedChange, CrmSettings

__all__ = ["HELP", "add_arguments", "make"]

HELP = "what followed an announced change: before and after, at equal groups, in money"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the change and the figure."""
    parser.add_argument(
        "change",
        metavar="CHANGE",
        help="day or text of a change under [[changes]]; or a day alone, with --stage",
    )
    parser.add_argument(
        "--metric", help="conversion, win_rate, cheque or a stage; by default that of the change"
    )
    parser.add_argument(
        "--better", choices=["higher", "lower"], default="higher", help="which way is better"
    )
    parser.add_argument(
        "--because-bad",
        action="store_true",
        help="the last weeks were bad, and the change was made because of it",
    )


def make(
    args: argparse.Namespace,
    crm: CrmData,
    settings: CrmSettings,
    calendar: BusinessCalendar | None,  # noqa: ARG001 - as the other commands
) -> EffectOfChange:
    """Measure the effect."""
    from abcxyz.crm.changes.effect import effect_of_change

    return effect_of_change(
        crm,
        _change(args, settings),
        metric=args.metric,
        horizon=args.horizon,
        margin=settings.profit_share if args.margin is None else args.margin,
        better=args.better,
        chosen_because_bad=args.because_bad,
        register=settings.changes,
    )


def _change(args: argparse.Namespace, settings: CrmSettings) -> AnnouncedChange:
    """Return the change of the register; a day that is in no register is one of itself."""
    from abcxyz.crm.changes.effect import find_change
    from abcxyz.crm.settings import AnnouncedChange

    try:
        day = date.fromisoformat(args.change)
    except ValueError:
        return find_change(settings.changes, args.change)
    if any(one.day == day for one in settings.changes):
        return find_change(settings.changes, args.change)
    return AnnouncedChange(day=day, what=args.change, stage=args.stage or "")
