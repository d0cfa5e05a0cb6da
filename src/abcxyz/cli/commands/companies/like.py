"""``abcxyz companies like``: companies that resemble the customers of class A."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcxyz.cli.options.dates import parse_day
from abcxyz.cli.options.history import add_history
from abcxyz.cli.options.language import text_language
from abcxyz.errors import HistoryError, InputError
from abcxyz.i18n import date_text, number, text
from abcxyz.toolkit.catalogue import Figure

if TYPE_CHECKING:
    from abcxyz.companies.fns.look_alikes import IndexLookAlikes
    from abcxyz.core.snapshots.snapshot import Snapshot
    from abcxyz.history import History

__all__ = ["add_like"]

_CLASS_A = 0


def add_like(actions: Any) -> argparse.ArgumentParser:
    """Add the action and its options; return its parser."""
    like: argparse.ArgumentParser = actions.add_parser(
        "like",
        help="which companies of the index resemble your customers of class A",
        description="List the companies of the index that are nearest to a customer of class A "
        "by employees, turnover, industry and region, and that are no customers yet; of each, "
        "what was compared and what is unknown.",
    )
    add_history(like)
    like.add_argument(
        "--customers",
        metavar="FILE",
        help="table of customers with the columns id and inn, where their identifiers in the "
        "history are no INN",
    )
    like.add_argument("--region", metavar="50,77", help="only these regions, two digits each")
    like.add_argument(
        "--industry", metavar="G,46.3", help="only these industries: sections, or OKVED codes"
    )
    like.add_argument("--top", type=int, metavar="N", default=20, help="companies to list")
    like.set_defaults(action=_like)
    return like


def _like(args: argparse.Namespace) -> int:
    from abcxyz.cli.inputs.companies import read_inns
    from abcxyz.companies.fns.index import CompanyIndex
    from abcxyz.companies.fns.look_alikes import companies_like
    from abcxyz.companies.fns.selection import parse_selection
    from abcxyz.companies.keys import find_keys
    from abcxyz.core.documents import json_text
    from abcxyz.history import History

    if args.top < 1:
        raise InputError("{name} is {value}; use one or more", name="--top", value=args.top)
    today, lang = parse_day(args.as_of), text_language(args)
    selection = parse_selection(args.region, args.industry)
    written = read_inns(args.customers) if args.customers else {}
    with History(args.history, create=False) as history:
        snapshot, everyone = _newest(history, args), history.customers()
    keys = find_keys({one: {"inn": written.get(str(one))} for one in everyone})
    codes = zip(snapshot.customers.tolist(), snapshot.abc.tolist(), strict=True)
    best = [customer for customer, code in codes if code == _CLASS_A]
    with CompanyIndex(Path(args.db)) as index:
        # A customer of the table who has no sales yet is no prospect either.
        known = {**find_keys({one: {"inn": inn} for one, inn in written.items()}).inns,
                 **keys.inns}  # fmt: skip
        found = companies_like(
            index, best, known, as_of=today, selection=selection,
            fresh_years=args.fresh_years, count=args.top,
        )  # fmt: skip
    without = len(everyone) - len(keys.inns)
    counts = {
        "dated": snapshot.periods.dated.isoformat(),
        "class_a": len(best),
        "class_a_in_index": found.customers,
        "customers_without_inn": without,
        "compared": found.result.compared,
        "too_little_known": found.result.too_little,
        "region_or_industry_unknown": found.unknown,
    }
    if args.json:
        print(json_text(counts | {"companies": _records(found)}))
        return 0
    print(
        text(
            "{found} of {n} {n:customer|customers} of class A of {day} {found:is|are} in the "
            "index; {compared} {compared:company|companies} compared with them, {few} left "
            "out of which too little is known",
            lang,
            found=Figure(found.customers),
            n=Figure(len(best)),
            day=date_text(snapshot.periods.dated, lang),
            compared=Figure(found.result.compared),
            few=Figure(found.result.too_little),
        )
    )
    if found.unknown:
        print(
            text(
                "{n} {n:company|companies} left out, for {n:its|their} region or industry is "
                "unknown",
                lang,
                n=Figure(found.unknown),
            )
        )
    if without:
        print(
            text(
                "{n} {n:customer|customers} of the history {n:has|have} no INN of an "
                "organisation, so that the list may hold {n:it|them}; see --customers",
                lang,
                n=Figure(without),
            )
        )
    print(_table(found, lang))
    return 0


def _newest(history: History, args: argparse.Namespace) -> Snapshot:
    job = args.history_job
    stored = history.snapshots_of(job)
    if not stored:
        raise HistoryError(
            "{file} holds no snapshot; run a job, or abcxyz backfill, first", file=args.history
        )
    return history.get(stored[-1].dated, job=job)


def _records(found: IndexLookAlikes) -> list[Mapping[str, object]]:
    return [
        {
            "inn": one.company,
            "name": found.names[one.company],
            "distance": round(one.distance, 4),
            "resembles": one.customer,
            "compared": one.compared,
            "unknown": one.unknown,
            "attributes": found.attributes[one.company],
        }
        for one in found.result.nearest
    ]


def _table(found: IndexLookAlikes, lang: str) -> str:
    from abcxyz.cli.output.analysis_text import table
    from abcxyz.cli.output.terminal import one_line
    from abcxyz.core.prospects.public_data import describe_public_data

    heads = ("INN", "Distance", "Resembles", "Unknown", "Company")
    rows = [[text(head, lang) for head in heads]]
    for one in found.result.nearest:
        facts = describe_public_data(found.attributes[one.company], lang)
        rows.append(
            [
                one.company,
                number(one.distance, lang, 3),
                one_line(str(one.customer)),
                ", ".join(one.unknown) or "–",
                one_line(f"{found.names[one.company]}: {facts}"),
            ]
        )
    return table(rows)
