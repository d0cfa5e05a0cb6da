"""``abcxyz alerts``: list of alerts, the customers and leads to call."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abcxyz.cli.options.language import data_language, text_language
from abcxyz.cli.options.sales import add_sales_input
from abcxyz.cli.output.terminal import one_line
from abcxyz.core.documents import json_text
from abcxyz.i18n import date_text, money, number, text

if TYPE_CHECKING:
    from abcxyz.core.advice.alerts import Alert
    from abcxyz.core.analysis.record import Analysis

__all__ = ["HELP", "STOPPED", "add_arguments", "run"]

HELP = "list what needs a person now"
STOPPED = "stopped; the list is not complete"

_DAYS = 14
_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Classify, compare with the previous snapshot, and list what needs a person, the most "
        "money first. The history is read for the previous snapshot and for snoozed alerts; no "
        "snapshot is saved."
    )
    from abcxyz.core.advice.alerts import ALERTS_EXIT_CODE

    add_sales_input(parser)
    listing = parser.add_argument_group("alerts")
    listing.add_argument("--new", action="store_true", help="only alerts raised first on this day")
    listing.add_argument(
        "--snooze", metavar="KEY", action="append", default=[], help="snooze an alert, by its key"
    )
    listing.add_argument("--days", type=int, default=_DAYS, help="for so many days")
    listing.add_argument(
        "--alerts-exit-code",
        action="store_const",
        const=ALERTS_EXIT_CODE,
        default=0,
        help="exit with %(const)s where any is listed",
    )
    listing.add_argument(
        "--playbook", metavar="TOML", help="file that rewrites the recommendations"
    )
    listing.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.cli.inputs.sales_input import open_sales_input
    from abcxyz.core.analysis.analyze import analyze_reading
    from abcxyz.core.analysis.learn_lapses import learning
    from abcxyz.history import History
    from abcxyz.tables.loaders import read_playbook

    with open_sales_input(args) as sales, History(sales.history) as history:
        for key in args.snooze:
            history.snooze(key, sales.as_of + timedelta(days=args.days))
        # Recorded for a separate reader, so that a job still sends the same alerts.
        reader = {
            "reader": "abcxyz alerts",
            "job": sales.job,
            "fingerprint": sales.settings.fingerprint,
        }
        periods = sales.settings.periods(sales.as_of)
        book = sales.playbook if args.playbook is None else Path(args.playbook)
        analysis = analyze_reading(
            sales.reading,
            as_of=sales.as_of,
            settings=sales.settings,
            previous=history.latest(periods.dated, sales.settings, job=sales.job),
            playbook=None if book is None else read_playbook(book),
            alert_rules=sales.alerts,
            orders=learning(sales.alerts, sales.settings, sales.as_of),
            outcomes=history.outcomes(job=sales.job),
            raised_before=history.raised_keys(**reader),
            after_reading=lambda: sales.progress.begin("classify", ""),
        )
        analysis = sales.enrich(analysis)
        since = history.record_raised(
            [one.key for one in analysis.alerts],
            sales.as_of,
            **reader,
        )
        silent = history.snoozed(sales.as_of)
        names, as_of, lang = sales.reading.names, sales.as_of, text_language(args)
    alerts = [
        one
        for one in analysis.alerts
        if one.key not in silent and (not args.new or since[one.key] == as_of)
    ]
    if args.json:
        lang = data_language(args)
        objects = [
            _object(one, since[one.key], names, advice)
            for one, advice in zip(alerts, _advice(analysis, alerts, lang), strict=True)
        ]
        print(json_text(objects))
    else:
        print(_render(alerts, since, names, lang))
        shown = alerts[:_SHOWN]
        for one, advice in zip(shown, _advice(analysis, shown, lang), strict=True):
            print()
            print(one_line(one.sentence(lang, name=_named(one, names))))
            if advice is not None:
                print(f"  {advice['channel']}: {advice['action']}")
            print(f"  {one_line(one.key)}")
    return args.alerts_exit_code if alerts else 0


def _advice(
    analysis: Analysis, alerts: Sequence[Alert], lang: str
) -> Sequence[dict[str, str] | None]:
    """Return the playbook's recommendations for the customers; None for a lead."""
    actions, positions = analysis.actions, analysis.snapshot.positions
    if actions is None:
        return [None] * len(alerts)
    found = [
        (n, positions[one.customer]) for n, one in enumerate(alerts) if one.customer in positions
    ]
    places = np.array([place for _, place in found], dtype=np.int64)
    named = {name: words.in_language(lang) for name, words in actions.playbook.channels.items()}
    advice: list[dict[str, str] | None] = [None] * len(alerts)
    for (n, _), channel, action, hint in zip(
        found,
        actions.channels(places),
        actions.texts(lang, places),
        actions.hints(lang, places),
        strict=True,
    ):
        advice[n] = {"channel": named.get(channel) or channel, "action": action, "hint": hint}
    return advice


def _named(alert: Alert, names: Mapping[Any, str]) -> str:
    return names.get(alert.customer) or str(alert.customer)


def _object(
    alert: Alert, since: date, names: Mapping[Any, str], advice: dict[str, str] | None
) -> dict[str, Any]:
    return {
        **alert.to_dict(),
        "name": names.get(alert.customer),
        "since": since.isoformat(),
        "advice": advice,
    }


def _render(
    alerts: Sequence[Alert], since: Mapping[str, date], names: Mapping[Any, str], lang: str
) -> str:
    from abcxyz.cli.output.analysis_text import table

    if not alerts:
        return text("Nothing needs a person now", lang)
    heads = ("Customer", "Alert", "Value", "Days", "In charge", "Told first")
    rows = [[text(head, lang) for head in heads]]
    rows += [
        [
            one_line(one.subject(lang, name=names.get(one.customer)))[:40],
            text(one.kind.replace("_", " "), lang),
            "–" if one.money is None else money(one.money, lang),
            number(one.age, lang),
            one_line(one.owner or "–")[:30],
            date_text(since[one.key], lang),
        ]
        for one in alerts
    ]
    return table(rows)
