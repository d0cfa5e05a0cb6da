"""``abcxyz lapse``: who of the important customers will not come back."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from abcxyz.cli.options.language import data_language, text_language
from abcxyz.cli.options.sales import add_sales_input
from abcxyz.errors import InputError

if TYPE_CHECKING:
    from abcxyz.cli.inputs.sales_input import SalesInput
    from abcxyz.core.advice.calls import CallOutcome
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.landmarks.orders.order_history import OrderHistory

__all__ = ["HELP", "add_arguments", "parse_horizon", "run"]

HELP = "list the customers of class A who will probably not come back"

_LOOKBACK = "36M"


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
    from abcxyz.cli.output.lapse_text import backtest_text, growth_text, lapse_text
    from abcxyz.core.advice.backtest import backtest_of
    from abcxyz.core.analysis.learn_lapses import learned_attributes
    from abcxyz.core.documents import json_text

    horizon = parse_horizon(args.horizon)
    with open_sales_input(args) as sales:
        analysis, history = _analyzed(sales, horizon)
        risk, calls, growth = analysis.lapse, analysis.calls, analysis.growth
        assert risk is not None
        assert calls is not None
        assert growth is not None
        tried = None
        if args.backtest:
            tried = backtest_of(
                history,
                sales.as_of,
                risk.horizon_days,
                settings=sales.settings,
                outcomes=analysis.outcomes,
                attributes=learned_attributes(analysis, history.customers, sales.alerts),
                rules=sales.alerts,
            )
        names, lang = sales.reading.names, text_language(args)
    if args.json:
        lang = data_language(args)
        shown = {
            **risk.to_dict(lang), "calls": calls.to_dict(lang), "growth": growth.to_dict(lang),
        }  # fmt: skip
        print(json_text(shown if tried is None else {**shown, "backtest": tried.to_dict()}))
        return 0
    print(lapse_text(risk, calls, names, lang))
    print()
    print(growth_text(growth, names, lang))
    if tried is not None:
        print()
        print(backtest_text(tried, lang))
    return 0


def _analyzed(sales: SalesInput, horizon: int | None) -> tuple[Analysis, OrderHistory]:
    """Read the sales once, and analyze them with the order days of all that was read."""
    import attrs

    from abcxyz.core.advice.alerts import AlertRules
    from abcxyz.core.analysis.analyze import analyze
    from abcxyz.core.analysis.learn_lapses import learning
    from abcxyz.core.landmarks.horizon import covered_until
    from abcxyz.core.landmarks.sources import HistorySource
    from abcxyz.history import History

    settings, day = sales.settings, sales.as_of
    wide = attrs.evolve(settings, lookback=_LOOKBACK)
    if settings.periods(day).lookback.since < wide.periods(day).lookback.since:
        wide = settings
    orders = learning(AlertRules(), wide, day, whole=True)
    assert orders is not None
    panel = sales.reading.panel(wide.periods(day), wide, orders)
    history = orders.close().history
    assert history is not None
    covered_until(history.span, day)
    HistorySource(history).horizon(day, horizon, settings)
    sales.progress.begin("classify", "")
    outcomes: Sequence[CallOutcome] = ()
    if sales.history.is_file():
        with History(sales.history) as stored:
            outcomes = stored.outcomes(job=sales.job)
    analysis = analyze(
        panel,
        as_of=day,
        settings=wide,
        names=sales.reading.names,
        quality=sales.reading.quality,
        orders=orders,
        horizon=horizon,
        outcomes=outcomes,
        # The lists of the past are made once, when the attributes are known.
        alert_rules=attrs.evolve(sales.alerts, backtest=0),
    )
    return sales.enrich(analysis), history
