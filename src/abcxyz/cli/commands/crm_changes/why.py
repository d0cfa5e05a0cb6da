"""``abcxyz crm why``: why a figure changed between two windows."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from abcxyz.cli.options.dates import parse_window
from abcxyz.cli.parser import HelpText

if TYPE_CHECKING:
    from abcxyz.crm import BusinessCalendar, CrmData
    from abcxyz.crm.reports.base import Report
    from abcxyz.crm.settings import CrmSettings

__all__ = ["HELP", "add_arguments", "make"]

HELP = "why a figure changed: rate and mix of groups, stages, factors of the revenue"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the figure and the windows."""
    from abcxyz.crm.changes.counts import COUNTS
    from abcxyz.crm.changes.metrics import FIGURES

    parser.add_argument(
        "metric",
        metavar="METRIC",
        help=HelpText(
            "{figures}, or a stage: the share that goes on from it",
            figures=", ".join((*FIGURES, *COUNTS)),
        ),
    )
    for name, default in (("before", "first window"), ("after", "second window")):
        parser.add_argument(f"--{name}", metavar="A..B", required=True, help=default)


def make(
    args: argparse.Namespace,
    crm: CrmData,
    settings: CrmSettings,  # noqa: ARG001 - as the other commands
    calendar: BusinessCalendar | None,  # noqa: ARG001 - as the other commands
) -> Report:
    """Explain the change."""
    from abcxyz.crm.changes.why import why

    return why(
        crm,
        args.metric,
        parse_window(args.before, "--before"),
        parse_window(args.after, "--after"),
        by=args.by,
        horizon=args.horizon,
    )
