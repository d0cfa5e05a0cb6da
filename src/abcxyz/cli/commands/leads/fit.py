"""``abcxyz fit``: fit a scorecard to the outcomes of earlier leads."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np

from abcxyz.cli.options.dates import parse_day
from abcxyz.cli.options.defaults import default_of
from abcxyz.cli.options.language import text_language
from abcxyz.errors import InputError
from abcxyz.i18n import LANGUAGES, text

if TYPE_CHECKING:
    from abcxyz._arrays import Days
    from abcxyz.scoring.fit import FitOptions

__all__ = ["HELP", "STOPPED", "add_arguments", "run"]

HELP = "fit a scorecard to earlier leads and their outcomes"
STOPPED = "stopped; files already written are whole, the others are not written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Fit a scorecard to earlier leads: those that became A customers within a year of the "
        "first order, and the others. It is used only if it beats the rules."
    )
    from abcxyz.scoring.target import first_year_outcomes

    parser.add_argument(
        "leads", metavar="LEADS", help="file of leads, with what was known of them then"
    )
    parser.add_argument("--output", metavar="CARD.json", required=True, help="the model file")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--sales", metavar="FILE", help="all sales; customers as in LEADS")
    target.add_argument("--outcome", metavar="COL", help="column of LEADS: 1 became A, 0 did not")
    parser.add_argument("--date", metavar="COL", help="column of LEADS: the day it was a lead")
    parser.add_argument(
        "--known-on",
        metavar="COL",
        help="column of LEADS: since when a line is known; the newest one before the first order "
        "counts (with --sales)",
    )
    parser.add_argument("--as-of", metavar="DATE", help="end of the data; today by default")
    parser.add_argument(
        "--since", metavar="DATE", help="leave out customers with orders before (--sales)"
    )
    parser.add_argument(
        "--months",
        type=int,
        default=default_of(first_year_outcomes, "months"),
        help="months to become A",
    )
    parser.add_argument(
        "--recalibrate",
        metavar="CARD",
        help="fit nothing: set the level of this card's probabilities by newer leads",
    )
    parser.add_argument("--rules", metavar="CARD", help="the scorecard to beat")
    parser.add_argument("--attributes", metavar="COL,COL", help="use these columns only")
    parser.add_argument(
        "--drop", metavar="COL", action="append", default=[], help="leave this column out"
    )
    parser.add_argument(
        "--allow", metavar="COL", action="append", default=[], help="this column is no leak"
    )
    parser.add_argument(
        "--special",
        metavar="COL=VALUE",
        action="append",
        default=[],
        help="this value is a code, no quantity: pdays=-1",
    )
    parser.add_argument("--new-leads", metavar="FILE", help="today's leads, for the drift check")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.cli.inputs.leads import read_leads, save_scorecard
    from abcxyz.cli.output.terminal import printable
    from abcxyz.scoring.fit import fit_scorecard, recalibrate
    from abcxyz.scoring.vocabulary import describe
    from abcxyz.tables.loaders import read_scorecard

    rules = read_scorecard(args.recalibrate or args.rules)
    leads = read_leads(args.leads, rules)
    as_of = parse_day(args.as_of)
    names = _names(args, leads)
    more: dict[str, Any] = {}
    if args.sales:
        table, outcome = _from_sales(args, leads, names, as_of)
        truth = outcome.reached
        more["ids"] = outcome.customers.tolist()
    else:
        table, outcome = leads, _truth(leads, args.outcome)
        truth = outcome
        more["days"] = None if args.date is None else _all_days(leads, args.date)
    if args.recalibrate:
        card = recalibrate(rules, table, truth, as_of=as_of)
    else:
        card = fit_scorecard(
            table,
            outcome,
            as_of=as_of,
            rules=rules,
            attributes=names,
            allow=args.allow,
            new_leads=read_leads(args.new_leads, rules) if args.new_leads else None,
            options=_options(args.special),
            **more,
        )
    save_scorecard(card, args.output)
    lang = text_language(args)
    print("\n".join(map(printable, describe(card, lang))))
    print(text("Written to {folder}", lang, folder=args.output))
    return 0


def _names(args: argparse.Namespace, leads: Any) -> list[str]:
    roles = {"lead", "id", "status", args.outcome, args.date, args.known_on, *args.drop}
    if args.attributes:
        return [name.strip() for name in args.attributes.split(",") if name.strip()]
    return [name for name in leads.columns if name not in roles]


def _from_sales(args: argparse.Namespace, leads: Any, names: list[str], as_of: Any) -> Any:
    from abcxyz.core.prospects.lead_table import columns_of
    from abcxyz.scoring.target import attributes_as_of, first_year_outcomes
    from abcxyz.tables.sales import read_sales

    if "lead" not in leads.columns:
        raise InputError(
            "{path} has no column lead (or id, customer) to find its customers in the sales by",
            path=args.leads,
        )
    sales = read_sales(args.sales, as_of=as_of)
    since = parse_day(args.since) if args.since else None
    outcome = first_year_outcomes(sales.transactions, as_of=as_of, months=args.months, since=since)
    if args.known_on:
        known_on = _days(leads, args.known_on)
        usable = ~np.isnat(known_on)
        rows = leads[usable]
        ids, since_when = rows["lead"].tolist(), known_on[usable]
    else:
        rows, ids = leads, leads["lead"].tolist()
        since_when = np.full(len(leads), np.datetime64("0001-01-01", "D"))
    columns = columns_of(rows, names).columns
    known = attributes_as_of(columns, ids, since_when, outcome.customers, outcome.first_day)
    return known.columns, outcome


def _days(leads: Any, column: str) -> Days:
    from abcxyz.tables.cells import read_days

    _present(leads, column)
    days, bad = read_days(leads[column], name=column)
    if bad.any():
        line = int(np.argmax(bad))
        raise InputError(
            "{column} holds {value!r} in line {line}, which is not a date",
            column=column,
            value=str(leads[column].iloc[line])[:60],
            line=line + 2,
        )
    return days


def _all_days(leads: Any, column: str) -> Days:
    days = _days(leads, column)
    missing = np.isnat(days)
    if missing.any():
        raise InputError(
            "{column} has no date in line {line}; leave the line out or give it a date",
            column=column,
            line=int(np.argmax(missing)) + 2,
        )
    return days


def _truth(leads: Any, column: str) -> list[bool | None]:
    _present(leads, column)
    words = {
        "1": True,
        "true": True,
        "a": True,
        "0": False,
        "false": False,
        "b": False,
        "c": False,
    }
    words |= {text("yes", lang).casefold(): True for lang in LANGUAGES}
    words |= {text("no", lang).casefold(): False for lang in LANGUAGES}
    outcomes: list[bool | None] = []
    for line, value in enumerate(leads[column].tolist()):
        plain = "" if value is None or value != value else str(value).strip().casefold()
        plain = plain.removesuffix(".0")
        if plain and plain not in words:
            raise InputError(
                "{column} holds {value!r} in line {line}; write 1, 0, or nothing where the "
                "outcome is unknown",
                column=column,
                value=str(value)[:60],
                line=line + 2,
            )
        outcomes.append(words.get(plain))
    return outcomes


def _present(leads: Any, column: str) -> None:
    if column not in leads.columns:
        raise InputError(
            "the leads have no column {names}; they have {known}",
            names=column,
            known=", ".join(leads.columns),
        )


def _options(written: list[str]) -> FitOptions:
    from abcxyz.scoring.fit import FitOptions

    special: dict[str, list[float]] = {}
    for one in written:
        name, _, value = one.partition("=")
        try:
            special.setdefault(name, []).append(float(value))
        except ValueError:
            raise InputError(
                "--special {written!r} is not a column and a number, such as pdays=-1",
                written=one,
            ) from None
    return FitOptions(special=special)
