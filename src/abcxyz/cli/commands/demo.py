"""``abcxyz demo``: classification of a synthetic sales history, and its CRM."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from abcxyz.cli.options.anonymize import add_anonymize, anonymized
from abcxyz.cli.options.defaults import default_of
from abcxyz.cli.options.language import data_language, text_language

__all__ = ["HELP", "add_arguments", "run"]

HELP = "classify a made-up sales history"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Make up two years of sales of a wholesaler and the tables of its CRM, classify the "
        "customers, report on the deals, and write CSV, Excel, JSON, HTML and the folder crm."
    )
    from abcxyz.demo import demo_sales

    seed, customers = default_of(demo_sales, "seed"), default_of(demo_sales, "customers")
    parser.add_argument("--out", metavar="DIR", default="out", help="folder")
    parser.add_argument("--seed", type=int, default=seed, help="another seed, another history")
    parser.add_argument(
        "--customers",
        type=int,
        default=customers,
        help="how many customers",
    )
    add_anonymize(parser)
    parser.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from attrs import evolve

    from abcxyz.cli.output.result import show_result
    from abcxyz.core.analysis.analyze import analyze
    from abcxyz.core.prospects.scores import score_prospects
    from abcxyz.core.sales.calendar import period_start, shift_period
    from abcxyz.crm import analyze_crm
    from abcxyz.demo import DEMO_AS_OF, demo_crm, demo_records, demo_sales, demo_tables
    from abcxyz.tables.currencies import CURRENCY_SIGNS

    demo = demo_sales(seed=args.seed, customers=args.customers)
    crm = demo_crm(demo)
    tables = demo_tables(demo, seed=args.seed)
    # The report shows transitions, so a result of the previous month is needed.
    before = shift_period(period_start(DEMO_AS_OF, "month"), "month", -1)
    analysis = analyze(
        demo.transactions,
        as_of=DEMO_AS_OF,
        previous=analyze(demo.transactions, as_of=before).snapshot,
        names=demo.names,
        attributes=crm.attributes,
        facts=crm.facts,
        prospects=score_prospects(crm.leads),
    )
    records = demo_records(tables)
    classes = analysis.snapshot.abc_classes()
    made = analyze_crm(records, as_of=DEMO_AS_OF, classes=classes)
    analysis = evolve(analysis, crm=made)
    analysis = anonymized(analysis, enabled=args.anonymize is not None)
    if args.anonymize is None:
        _write(tables, Path(args.out) / "crm")
    return show_result(
        analysis,
        out=args.out,
        as_json=args.json,
        lang=text_language(args),
        file_lang=data_language(args),
        currency=CURRENCY_SIGNS["RUB"],
    )


def _write(tables: Mapping[str, list[dict[str, Any]]], folder: Path) -> None:
    """Write the tables of a CRM as CSV files that ``abcxyz crm`` reads."""
    from abcxyz.toolkit.files import write_atomic

    for name, rows in tables.items():
        columns = list({key: None for row in rows for key in row})
        text = io.StringIO(newline="")
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(columns)
        lines.writerows([_cell(row.get(key)) for key in columns] for row in rows)
        write_atomic(folder / f"{name}.csv", text.getvalue().encode())


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, datetime) else value
