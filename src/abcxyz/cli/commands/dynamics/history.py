"""``abcxyz history``: the snapshots of a history, or the states of one customer."""

from __future__ import annotations

import argparse
import json
from types import MappingProxyType
from typing import TYPE_CHECKING

from abcxyz.cli.options.dates import parse_day, today
from abcxyz.cli.options.history import add_history
from abcxyz.cli.options.language import text_language
from abcxyz.errors import HistoryError, InputError
from abcxyz.i18n import date_text, number, percent, text

if TYPE_CHECKING:
    from abcxyz.core.advice.calls import CallOutcome
    from abcxyz.history import CustomerState, History

__all__ = ["HELP", "add_arguments", "run"]

HELP = "list the snapshots, or follow one customer"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "List the snapshots of a history, or the states of one customer in them; log what became "
        "of a call; check, copy or shrink the file, or write its snapshots as tables for SQL."
    )
    parser.add_argument(
        "customer",
        metavar="CUSTOMER",
        nargs="?",
        help="an identifier; or check, backup, export, vacuum or outcome, which a customer of "
        "that name is not",
    )
    parser.add_argument(
        "target",
        metavar="FILE",
        nargs="?",
        help="of backup and export: where the copy goes; of outcome: the customer",
    )
    parser.add_argument(
        "outcome",
        metavar="OUTCOME",
        nargs="?",
        help="of outcome: what became of the call, called, ordered or lost",
    )
    parser.add_argument("--date", metavar="DATE", help="of outcome: the day; today by default")
    parser.add_argument(
        "--from", dest="since", metavar="DATE", help="of export: the first date; all by default"
    )
    parser.add_argument(
        "--customer", dest="named", metavar="ID", help="a customer named like an action"
    )
    add_history(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.history import History

    words = [args.target, args.outcome][_MORE.get(args.customer, 0) :]
    if args.named is not None:
        words = [args.customer, args.target, args.outcome]
    if extra := [one for one in words if one is not None]:
        raise InputError(
            "{word!r} is one word too many; write abcxyz history CUSTOMER, backup FILE, or "
            "outcome CUSTOMER called",
            word=extra[0],
        )
    with History(args.history, create=False) as history:
        if args.named is None and args.customer in _ACTIONS:
            return _ACTIONS[args.customer](history, args, text_language(args))
        args.customer = args.customer if args.named is None else args.named
        if args.customer is None:
            print(
                _snapshots(history, args.history_job, as_json=args.json, lang=text_language(args))
            )
        else:
            job = args.history_job
            states = history.customer(args.customer)
            if not states and args.customer.isdecimal():
                states = history.customer(int(args.customer))
            states = tuple(one for one in states if job is None or one.is_of(job))
            if not states:
                raise HistoryError(
                    "the customer {customer!r} is in no snapshot of {file}; check the identifier",
                    customer=args.customer,
                    file=args.history,
                )
            print(_customer(states, as_json=args.json, lang=text_language(args)))
    return 0


def _check(history: History, args: argparse.Namespace, lang: str) -> int:
    """Check the file; 2 is the exit code of a damaged one."""
    problems = history.check()
    if args.json:
        print(_json({"file": args.history, "problems": list(problems)}))
    else:
        for line in problems:
            print(text("damaged: {what}", lang, what=line))
        if not problems:
            print(text("the history is sound", lang))
    return 2 if problems else 0


def _backup(history: History, args: argparse.Namespace, lang: str) -> int:
    if args.target is None:
        raise InputError("backup needs a file; write abcxyz history backup FILE")
    path = str(history.backup(args.target))
    print(_json({"file": path}) if args.json else text("Written to {folder}", lang, folder=path))
    return 0


def _export(history: History, args: argparse.Namespace, lang: str) -> int:
    """Write the snapshots as tables of a plain SQLite file."""
    if args.target is None:
        raise InputError("export needs a file; write abcxyz history export FILE")
    since = None if args.since is None else parse_day(args.since, "--from")
    path = str(history.export(args.target, since=since))
    print(_json({"file": path}) if args.json else text("Written to {folder}", lang, folder=path))
    return 0


def _vacuum(history: History, args: argparse.Namespace, lang: str) -> int:
    size = history.vacuum()
    if args.json:
        print(_json({"file": args.history, "bytes": size}))
    else:
        print(text("{size} bytes now", lang, size=number(size, lang)))
    return 0


def _outcome(history: History, args: argparse.Namespace, lang: str) -> int:
    """Log the outcome of a call, or list those logged."""
    from abcxyz.core.advice.calls import CallOutcome

    job = args.history_job
    if args.outcome is not None:
        day = parse_day(args.date, "--date")
        if day > today():
            raise InputError(
                "--date {day} is after today; an outcome is logged when it is known", day=day
            )
        done = CallOutcome(customer=args.target, day=day, outcome=args.outcome)
        new = history.add_outcome(done, job=job or "")
        if args.json:
            print(_json({**_plain(done), "new": new}))
        else:
            print(text("Logged" if new else "Logged before", lang))
        return 0
    logged = history.outcomes(args.target, job=job)
    print(_json([_plain(one) for one in logged]) if args.json else _outcomes(logged, lang))
    return 0


def _plain(outcome: CallOutcome) -> dict[str, str]:
    return {
        "customer": str(outcome.customer),
        "date": outcome.day.isoformat(),
        "outcome": outcome.outcome,
    }


def _outcomes(logged: tuple[CallOutcome, ...], lang: str) -> str:
    from abcxyz.cli.output.analysis_text import table
    from abcxyz.cli.output.terminal import one_line
    from abcxyz.core.advice.calls import OUTCOMES

    if not logged:
        return text("No outcome of a call is logged", lang)
    rows = [[text(head, lang) for head in ("Date", "Customer", "Outcome")]]
    rows += [
        [
            date_text(one.day, lang),
            one_line(str(one.customer)),
            text(OUTCOMES[one.outcome], lang),
        ]
        for one in logged
    ]
    return table(rows)


_ACTIONS = MappingProxyType(
    {
        "check": _check,
        "backup": _backup,
        "export": _export,
        "vacuum": _vacuum,
        "outcome": _outcome,
    }
)
_MORE = MappingProxyType({"backup": 1, "export": 1, "outcome": 2})  # words after the action


def _snapshots(history: History, job: str | None, *, as_json: bool, lang: str) -> str:
    from abcxyz.cli.output.analysis_text import table
    from abcxyz.cli.output.terminal import one_line

    stored = history.snapshots_of(job)
    if as_json:
        return _json(
            [
                {
                    "job": one.job,
                    "dated": one.dated.isoformat(),
                    "as_of": one.as_of.isoformat(),
                    "settings": one.fingerprint,
                    "customers": one.customers,
                    "forgotten": one.forgotten,
                    **{name: one.settings[name] for name in ("period", "metric", "abc", "xyz")},
                }
                for one in stored
            ]
        )
    rows = [
        [text(head, lang) for head in ("Date", "Customers", "Period", "Metric", "Settings", "Job")]
    ]
    rows += [
        [
            date_text(one.dated, lang),
            number(one.customers, lang),
            one.settings["period"],
            text(one.settings["metric"], lang),
            one.fingerprint,
            one_line(one.job) or "–",
        ]
        for one in stored
    ]
    return table(rows)


def _customer(states: tuple[CustomerState, ...], *, as_json: bool, lang: str) -> str:
    from abcxyz.cli.output.analysis_text import table
    from abcxyz.cli.output.terminal import one_line

    if as_json:
        return _json(
            [
                {
                    "job": one.job,
                    "dated": one.dated.isoformat(),
                    "settings": one.fingerprint,
                    "segment": one.segment,
                    "steady_segment": one.steady_segment,
                    "value": one.value,
                    "cv": one.cv,
                    "orders": one.orders,
                    "last_day": None if one.last_day is None else one.last_day.isoformat(),
                }
                for one in states
            ]
        )
    # Without it two rows of a date would contradict one another.
    shared = len({(one.job, one.fingerprint) for one in states}) > 1
    heads = ("Date", "Segment", "Steadied", "Value", "Variation", "Orders", "Last order")
    more = ("Settings", "Job") if shared else ()
    rows = [[text(head, lang) for head in (*heads, *more)]]
    rows += [
        [
            date_text(one.dated, lang),
            one.segment,
            one.steady_segment,
            "–" if one.value is None else number(one.value, lang),
            "–" if one.cv is None else percent(one.cv, lang),
            number(one.orders, lang),
            "–" if one.last_day is None else date_text(one.last_day, lang),
            *((one.fingerprint, one_line(one.job) or "–") if shared else ()),
        ]
        for one in states
    ]
    return table(rows)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
