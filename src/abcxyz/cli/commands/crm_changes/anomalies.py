"""``abcxyz crm anomalies``: what is not as usual."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abcxyz.crm import BusinessCalendar, CrmData
    from abcxyz.crm.alarms.alarm import Anomalies
    from abcxyz.crm.settings import CrmSettings

__all__ = ["HELP", "add_arguments", "make"]

HELP = "what is not as usual, since when, what carries it, and what to check"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the threshold, and whether closed alarms are listed."""
    parser.add_argument(
        "--min-money",
        type=float,
        metavar="MONEY",
        help="leave out alarms worth less; watch groups by themselves from this sum",
    )
    parser.add_argument("--all", action="store_true", help="list closed alarms, too")


def make(
    args: argparse.Namespace,
    crm: CrmData,
    settings: CrmSettings,
    calendar: BusinessCalendar | None,
) -> Anomalies:
    """Find the anomalies."""
    from abcxyz.crm.alarms.anomalies import anomalies

    # With all reports at once the arguments of this one are not there.
    min_money = getattr(args, "min_money", None)
    return anomalies(
        crm,
        calendar=calendar,
        changes=settings.changes,
        margin=settings.profit_share if args.margin is None else args.margin,
        min_money=settings.min_money if min_money is None else min_money,
        rules=settings.rules,
        closed=getattr(args, "all", False),
    )
