"""``abcxyz lapse``: who of the important customers will not come back."""

from __future__ import annotations

import argparse
import re
from datetime import timedelta

from abcxyz.cli.options.language import data_language, text_language
from abcxyz.cli.options.sales import add_sales_input
from abcxyz.errors import InputError

__all__ = ["HELP", "add_arguments", "parse_horizon", "run"]

HELP = "list the customers of class A who will probably not come back"

_YEARS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Estimate for every customer the probability of no purchase within a horizon, learned "
        "from the sales themselves, and list whom to call, the largest expected loss first."
    )
    add_sales_input(parser)
    group = parser.add_argument_group("lapse risk")
    group.add_argument(
        "--horizon",
        metavar="DAYS",
        help="days to look ahead, such as 90d; three usual gaps of class A by default",
    )
    group.add_argument(
        "--backtest",
        action="store_true",
        help="show what the list would have said on past days, and who came back",
    )
    group.add_argument("--json", action="store_true", help="print one object instead of text")


def parse_horizon(written: str | None) -> int | None:
    """Parse a number of days; None is the default.

    Raises
    ------
    InputError
        The text is no number of days.

    Examples
    --------
    >>> parse_horizon("90d"), parse_horizon("30"), parse_horizon(None)
    (90, 30, None)
    """
    if written is None:
        return None
    match = re.fullmatch(r"\s*(\d{1,5})\s*d?\s*", written, re.IGNORECASE)
    if match is None or int(match[1]) < 1:
        raise InputError(
            "--horizon {written!r} is not a number of days; write it as 90d", written=written
        )
    return int(match[1])


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.cli.inputs.sales_input import open_sales_input
    from abcxyz.cli.output.json_text import json_text
    from abcxyz.cli.output.lapse_text import backtest_text, lapse_text
    from abcxyz.cli.output.terminal import show_warnings
    from abcxyz.core.advice.calls import calls_of_risk
    from abcxyz.core.landmarks.backtest import backtest_lapse
    from abcxyz.core.landmarks.lapse import lapse_risk
    from abcxyz.core.sales.calendar import Window, shift_period
    from abcxyz.core.sales.transactions import concat

    horizon = parse_horizon(args.horizon)
    with open_sales_input(args) as sales, show_warnings(text_language(args)):
        day, lookback = sales.as_of, sales.settings.periods(sales.as_of).lookback
        since = min(lookback.since, shift_period(day, "year", -_YEARS))
        lines = concat(
            sales.reading.transactions(Window(since, max(day, since + timedelta(days=1))))
        )
        risk = lapse_risk(lines, day, horizon, settings=sales.settings)
        tried = (
            backtest_lapse(lines, day, risk.horizon_days, settings=sales.settings)
            if args.backtest
            else None
        )
        names, lang = sales.reading.names, text_language(args)
    if args.json:
        lang = data_language(args)
        shown = {**risk.to_dict(lang), "calls": calls_of_risk(risk).to_dict(lang)}
        print(json_text(shown if tried is None else {**shown, "backtest": tried.to_dict()}))
        return 0
    print(lapse_text(risk, names, lang))
    if tried is not None:
        print()
        print(backtest_text(tried, lang))
    return 0
