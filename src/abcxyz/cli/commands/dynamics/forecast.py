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
    from abcxyz.core.snapshots.snapshot import Snapshot
    from abcxyz.history import History

__all__ = ["HELP", "add_arguments", "run"]

HELP = "forecast the next period from the history"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Forecast how many customers will be in each class, and their money, from snapshots of "
        "adjoining windows; and measure the error on periods already past."
    )
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
    add_history(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.core.dynamics.forecast import forecast
    from abcxyz.history import History

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


def _adjoining(history: History, fingerprint: str | None, job: str | None) -> list[Snapshot]:
    """Read the snapshots whose windows adjoin, from the latest backwards."""
    from abcxyz.core.dynamics.forecast import chain

    stored = history.snapshots_of(job)
    if stored and fingerprint is None:
        fingerprint = stored[-1].fingerprint
    if stored and job is None:
        job = stored[-1].job
    known = [one for one in stored if one.fingerprint == fingerprint and one.job == job]
    chosen = chain([one.window for one in known])
    return [history.load(known[i]) for i in chosen]


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
            "After {day}, from {count} transitions",
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
        text("Tried on {count} periods past", lang, count=len(result.held_back)),
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
