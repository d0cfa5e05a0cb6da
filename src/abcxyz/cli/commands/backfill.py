"""``abcxyz backfill``: the snapshots that runs in the past would have left."""

from __future__ import annotations

import argparse
from datetime import date, datetime

from abcxyz.errors import InputError
from abcxyz.i18n import LANGUAGES, date_text, number, text

__all__ = ["add_parser", "parse_month", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    from abcxyz.cli.inputs.sales_input import add_given

    parser = subparsers.add_parser(
        "backfill",
        help="fill the history with snapshots of past dates",
        description="Compute the snapshots of past periods from the sales, in one pass over "
        "them, and save them in the history.",
    )
    add_given(parser)
    parser.add_argument(
        "--from", dest="since", metavar="2024-01", required=True, help="the first period to date"
    )
    parser.add_argument("--lang", choices=LANGUAGES, help="language of the output")
    parser.set_defaults(run=run)


def parse_month(written: str, option: str) -> date:
    """Read a month or a day.

    Raises
    ------
    InputError
        It is neither.
    """
    for pattern in ("%Y-%m", "%Y-%m-%d", "%d.%m.%Y", "%m.%Y"):
        try:
            return datetime.strptime(written.strip(), pattern).date()  # noqa: DTZ007 - a day
        except ValueError:
            continue
    raise InputError(
        "{option} {written!r} is no month; write it as 2024-01", option=option, written=written
    )


def run(args: argparse.Namespace) -> int:
    """Carry the command out; return the exit code."""
    from abcxyz.cli.commands.run import warned
    from abcxyz.cli.inputs.sales_input import opened
    from abcxyz.core.dynamics.backfill import backfill, backfill_dates, backfill_window
    from abcxyz.history import History

    since = parse_month(args.since, "--from")
    with opened(args) as given, warned(args.lang or "en"), History(given.history) as history:
        lang = args.lang or "en"
        window = backfill_window(since, given.as_of, given.settings)
        first = backfill_dates(since, given.as_of, given.settings)[0]
        snapshots = backfill(
            given.read(window),
            since=since,
            as_of=given.as_of,
            settings=given.settings,
            previous=history.latest(given.settings.periods(first).dated, given.settings),
        )
        for snapshot in snapshots:
            line = (
                "{dated}: {customers} customers saved"
                if history.save(snapshot)
                else "{dated}: {customers} customers, unchanged"
            )
            dated, customers = date_text(snapshot.dated, lang), number(len(snapshot), lang)
            print(text(line, lang, dated=dated, customers=customers))
    return 0
