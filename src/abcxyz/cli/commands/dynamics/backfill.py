"""``abcxyz backfill``: snapshots of past dates, computed from the sales."""

from __future__ import annotations

import argparse

from abcxyz.cli.options.dates import parse_month
from abcxyz.cli.options.language import text_language
from abcxyz.cli.options.sales import add_sales_input
from abcxyz.i18n import date_text, text
from abcxyz.toolkit.catalogue import Figure

__all__ = ["HELP", "STOPPED", "add_arguments", "run"]

HELP = "fill the history with snapshots of past dates"
STOPPED = "stopped; the snapshots listed above are saved, the others are not"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Compute the snapshots of past periods from the sales, in one pass over "
        "them, and save them in the history."
    )
    add_sales_input(parser)
    parser.add_argument(
        "--from",
        dest="since",
        metavar="2024-01",
        required=True,
        help="the first period to compute",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.cli.inputs.sales_input import open_sales_input
    from abcxyz.core.dynamics.backfill import backfill_dates, backfill_panels, backfill_window
    from abcxyz.history import History

    since = parse_month(args.since, "--from")
    with open_sales_input(args) as sales, History(sales.history) as history:
        lang = text_language(args)
        window = backfill_window(since, sales.as_of, sales.settings)
        first = backfill_dates(since, sales.as_of, sales.settings)[0]
        made = backfill_panels(
            sales.reading.transactions(window),
            since=since,
            as_of=sales.as_of,
            settings=sales.settings,
            previous=history.latest(
                sales.settings.periods(first).dated, sales.settings, job=sales.job
            ),
        )
        for snapshot, panel in made:
            sales.progress.end()
            line = (
                "{dated}: {customers} {customers:customer|customers} saved"
                if history.save(snapshot, job=sales.job, panel=panel)
                else "{dated}: {customers} {customers:customer|customers}, unchanged"
            )
            dated, customers = date_text(snapshot.dated, lang), Figure(len(snapshot))
            print(text(line, lang, dated=dated, customers=customers))
    return 0
