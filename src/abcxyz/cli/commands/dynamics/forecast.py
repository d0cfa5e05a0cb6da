"""``abcxyz forecast``: expected classes of the history's customers in the next period."""

from __future__ import annotations

import argparse
import json
import math
from typing import TYPE_CHECKING

from abcxyz.cli.options.defaults import default_of
from abcxyz.cli.options.history import add_history
from abcxyz.cli.options.language import text_language
from abcxyz.i18n import date_text, money, number, percent, text

if TYPE_CHECKING:
    from abcxyz.core.dynamics.forecast import Forecast
    from abcxyz.core.forecasts.sales_forecast import SalesForecast
    from abcxyz.core.snapshots.snapshot import Snapshot
    from abcxyz.history import History, SnapshotInfo

__all__ = ["HELP", "add_arguments", "run"]

HELP = "forecast the next period from the history"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Forecast how many customers will be in each class, and their money, from snapshots of "
        "adjoining windows; and measure the error on periods already past."
    )
    from abcxyz.core.classes.segments import ABC, SEGMENTS
    from abcxyz.core.dynamics.comparison import AXES
    from abcxyz.core.dynamics.forecast import forecast

    parser.add_argument(
        "--by",
        choices=AXES,
        default=default_of(forecast, "by"),
        help="what to forecast",
    )
    parser.add_argument(
        "--settings", metavar="HEX", help="of the snapshots; those of the latest by default"
    )
    parser.add_argument(
        "--periods",
        type=int,
        metavar="N",
        help="instead, the sales of so many periods ahead, each with a range",
    )
    parser.add_argument(
        "--segment",
        choices=(*SEGMENTS, *ABC),
        help="with --periods, the sales to the customers of one segment or class",
    )
    add_history(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.core.dynamics.forecast import forecast
    from abcxyz.errors import ConfigError
    from abcxyz.history import History

    if args.segment is not None and args.periods is None:
        raise ConfigError("--segment is for the sales ahead; add --periods, such as --periods 3")
    if args.periods is not None:
        return _sales_ahead(args)
    with History(args.history, create=False) as history:
        result = forecast(_adjoining(history, args.settings, args.history_job), by=args.by)
    if args.json:
        print(json.dumps(_finite(result.to_dict()), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print(_render(result, text_language(args)))
    return 0


def _finite(value: object) -> object:
    """Return None for a value that is not finite."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _chosen(
    history: History, fingerprint: str | None, job: str | None
) -> tuple[SnapshotInfo, ...]:
    """Return the snapshots of one job and one setting, those of the newest by default."""
    stored = history.snapshots_of(job)
    if stored and fingerprint is None:
        fingerprint = stored[-1].fingerprint
    if stored and job is None:
        job = stored[-1].job
    return tuple(one for one in stored if one.fingerprint == fingerprint and one.job == job)


def _adjoining(history: History, fingerprint: str | None, job: str | None) -> list[Snapshot]:
    """Read the snapshots whose windows adjoin, from the latest backwards."""
    from abcxyz.core.dynamics.forecast import chain

    known = _chosen(history, fingerprint, job)
    chosen = chain([one.window for one in known])
    return [history.load(known[i]) for i in chosen]


def _sales_ahead(args: argparse.Namespace) -> int:
    """Print the sales to expect in the next periods."""
    from abcxyz.core.forecasts.sales_table import known_sales
    from abcxyz.history import History
    from abcxyz.history.period_sales import sales_table

    with History(args.history, create=False) as history:
        known = _chosen(history, args.settings, args.history_job)
        sales = known_sales(sales_table(history, known))
        snapshot = history.load(known[-1]) if args.segment else None
    found = sales.forecast(args.periods, snapshot=snapshot, segment=args.segment)
    if args.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print(_render_sales(found, text_language(args)))
    return 0


def _render_sales(found: SalesForecast, lang: str) -> str:
    from abcxyz.cli.output.analysis_text import table

    heads = ("Period from", "Expected", "At least", "At most")
    rows = [[text(head, lang) for head in heads]]
    for i, since in enumerate(found.edges[:-1]):
        cells = (found.expected[i], found.low[i], found.high[i])
        rows.append([date_text(since, lang), *(money(one.item(), lang) for one in cells)])
    ends = (found.total, found.total_low, found.total_high)
    rows.append([text("Together", lang), *(money(one, lang) for one in ends)])
    lines = [
        table(rows),
        "",
        text(
            "From {known} {known:period|periods}; the range is that of {tries} past "
            "{tries:forecast|forecasts}, and is to hold 8 times in ten.",
            lang,
            known=found.known,
            tries=found.tries,
        ),
    ]
    if math.isfinite(found.error):
        lines.append(
            text(
                "Mean error of the past forecasts: {share}", lang, share=percent(found.error, lang)
            )
        )
    if found.judged:
        lines.append(
            text(
                "Of {judged} past ranges made from what was over by then, {inside} held.",
                lang,
                judged=found.judged,
                inside=found.inside,
            )
        )
    return "\n".join(lines)


def _render(result: Forecast, lang: str) -> str:
    from abcxyz.cli.output.analysis_text import table

    heads = ("State", "Share now", "Expected", "Customers expected")
    rows = [[text(head, lang) for head in heads]]
    for i, state in enumerate(result.states):
        rows.append(
            [
                text(state, lang),
                percent(result.shares_now[i], lang),
                percent(result.shares[i], lang),
                number(result.customers[i], lang),
            ]
        )
    lines = [
        text(
            "After {day}, from {count} {count:transition|transitions}",
            lang,
            day=date_text(result.after, lang),
            count=result.transitions,
        ),
        "",
        table(rows),
        "",
        text(
            "Money: {now} in the last period, {next} expected",
            lang,
            now=money(result.revenue_now, lang),
            next=money(result.revenue, lang),
        ),
    ]
    if not result.held_back:
        lines.append(text("The history is too short to try the forecast on a period past", lang))
        return "\n".join(lines)
    share, unchanged = result.error
    revenue, revenue_unchanged = result.revenue_error
    lines += [
        "",
        text("Tried on {count} {count:period|periods} past", lang, count=len(result.held_back)),
        table(
            [
                ["", text("Forecast", lang), text("Nothing changes", lang)],
                [
                    text("Customers in a wrong state", lang),
                    percent(share, lang),
                    percent(unchanged, lang),
                ],
                [
                    text("Error of the money", lang),
                    percent(revenue, lang),
                    percent(revenue_unchanged, lang),
                ],
            ]
        ),
    ]
    if not result.worth_it:
        lines.append(text('"Nothing changes" was nearer; rely on that instead', lang))
    return "\n".join(lines)
