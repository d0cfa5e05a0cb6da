"""Inspection of a file: format, columns, forms of cells, first lines, quality, command."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from abcxyz.core.sales.quality import Quality
from abcxyz.errors import InputError
from abcxyz.tables.columns.choice import ColumnChoice, ColumnChoices, choose_by_cells
from abcxyz.tables.containers.contents import contents_of
from abcxyz.tables.containers.paths import files_of
from abcxyz.tables.inspection.record import ColumnReport, Inspection
from abcxyz.tables.read import open_sales_table
from abcxyz.tables.roles import ROLES, candidates
from abcxyz.tables.sales import scan_sales
from abcxyz.tables.shapes.undated import is_dated
from abcxyz.tables.table import Batch, Table
from abcxyz.tables.values.amounts import amount_form, parse_amounts
from abcxyz.tables.values.columns import Cells, cell_list, distinct, numbers, without_arrow
from abcxyz.tables.values.days import NOTATIONS, day_form, parse_days
from abcxyz.tables.values.ids import IdForm
from abcxyz.tables.values.text import is_missing
from abcxyz.toolkit.catalogue import Catalogue, Message

__all__ = ["inspect_file"]

_WORDS = Catalogue()
_SAMPLE = 20_000  # lines whose cells decide the columns
_FIRST = 5  # lines shown
_ANY_DAY = date(2000, 1, 1)  # of the sums of a table without dates


def inspect_file(path: str | PathLike[str], **options: Any) -> Inspection:
    r"""Tell what was understood of a file of sales, without classifying.

    Parameters
    ----------
    path
        The file.
    options
        Options of `abcxyz.tables.sales.read_sales`.

    Returns
    -------
    Inspection
        Format, columns with alternatives, forms of the cells, first lines, quality and a command.

    Raises
    ------
    InputError
        The file is absent, damaged or no table. A table that cannot be classified is no error: its
        inspection names the problem.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "sales.csv"
    >>> _ = file.write_text("customer;date;amount\nAnn;31.12.2025;1 234,50\n")
    >>> report = inspect_file(file)
    >>> report.format, report.encoding, report.delimiter
    ('csv', 'utf-8', ';')
    >>> [column.choice.column for column in report.columns], report.lines[0]["amount"]
    (['customer', 'date', 'amount'], 1234.5)
    """
    file = Path(fspath(path))
    content = contents_of(files_of(file)[0])[0]
    table, named = open_sales_table(file, undated=_ANY_DAY, **options)
    sample = _sample(table)
    problem: Exception | None = None
    try:
        choices = choose_by_cells(list(table.columns), named, table.where, sample)
    except InputError as error:
        problem, choices = error, _offered(list(table.columns))
    headings = [str(column) for column in table.columns]
    if not is_dated(table):  # a day was put in, so that the sums can be read
        headings.remove(choices.columns["date"])
        choices = choices.without(["date"])
    reports, parsed = _columns(choices, sample, options)
    quality, days = None, None
    if problem is None:
        try:
            quality, days = _account(file, options)
        except InputError as error:
            problem = error
    details = _text_details(table.remarks)
    first_day, last_day = days or (None, None)
    return Inspection(
        file=str(path),
        format="csv" if content.kind == "text" else content.kind,
        packed=content.packed,
        encoding=details.get("encoding"),
        delimiter=details.get("mark"),
        headings=headings,
        columns=reports,
        lines=_first_lines(sample, parsed),
        quality=quality,
        first_day=first_day,
        last_day=last_day,
        remarks=table.remarks,
        notices=choices.notices if quality is None else quality.notices,
        problem=problem,
        command=_command(str(path), options, last_day),
    )


def _account(file: Path, options: dict[str, Any]) -> tuple[Quality, tuple[date, date] | None]:
    """Return the account of all lines, and the first and the last day of those that are used."""
    with scan_sales(file, undated=_ANY_DAY, **options) as scan:
        for part in scan.parts():
            for _ in part:
                pass
        return scan.quality, (scan.first_day, scan.last_day) if scan.dated else None


def _sample(table: Table) -> Batch:
    parts, rows = [], 0
    for batch in table.batches():
        parts.append(batch.head(_SAMPLE - rows))
        rows += len(parts[-1])
        if rows >= _SAMPLE:
            break
    return Batch.concat(parts) if parts else Batch.empty(table.columns)


def _offered(columns: Sequence[str]) -> ColumnChoices:
    """Return the likeliest column of each role that has one."""
    choices: list[ColumnChoice] = []
    for role in ROLES:
        taken = {one.column for one in choices}
        column = next((one for one in candidates(columns, role) if one not in taken), None)
        if column is not None and columns.count(column) == 1:
            choices.append(ColumnChoice(role, column, _WORDS.message("usual heading")))
    return ColumnChoices(choices)


def _columns(
    choices: ColumnChoices, sample: Batch, options: dict[str, Any]
) -> tuple[list[ColumnReport], dict[str, Any]]:
    """Return the reports of the columns, and the values of the first lines by role."""
    reports, parsed = [], {}
    for choice in choices.choices:
        column = sample[choice.column]
        form: str = ""
        values: Sequence[object]
        values = [IdForm().name_of(cell) for cell in cell_list(column[:_FIRST])]
        try:
            if choice.role == "date":
                form, values = _days(column, options.get("date_format"), choice.column)
            elif choice.role in ("amount", "cost"):
                form, values = _amounts(column, options.get("decimal"), choice.column)
        except InputError as error:
            form = _WORDS.message("not decided: {problem}", problem=error)
        reports.append(ColumnReport(choice, form))
        parsed[choice.role] = values
    return reports, parsed


def _days(column: Cells, date_format: str | None, name: str) -> tuple[Message, list[date | None]]:
    _, cells = distinct(column)
    form = day_form(cells, date_format=date_format, name=name)
    days, _ = parse_days(cell_list(column[:_FIRST]), form)
    if date_format is not None:
        return _WORDS.message("dates as {format}", format=date_format), days.tolist()
    kinds = form.kinds or (("date",) if _is_dated(column) else ())
    orders = {"".join(order).upper() for order in form.order.orders.values()}
    words = [_WORDS.message(NOTATIONS[kind]) for kind in kinds]
    if not words:
        return _WORDS.message("no dates"), days.tolist()
    message = words[0]
    for word in words[1:]:
        message = _WORDS.message("{one} and {other}", one=message, other=word)
    if orders and "triple" in kinds:
        message = _WORDS.message(
            "{form}, in the order {order}", form=message, order=", ".join(sorted(orders))
        )
    return message, days.tolist()


def _is_dated(column: Cells) -> bool:
    held = without_arrow(column)
    return isinstance(held, np.ndarray) and held.dtype.kind == "M"


def _amounts(column: Cells, decimal: str | None, name: str) -> tuple[Message, list[float | None]]:
    if numbers(column) is not None:
        message = _WORDS.message("numbers")
        form = amount_form([])
    else:
        _, cells = distinct(column)
        form = amount_form(cells, decimal=decimal, name=name)
        mark = form.decimal or form.decimals[:1]
        message = _WORDS.message("numbers")
        if mark:
            message = _WORDS.message("numbers with the decimal mark {mark}", mark=mark)
    amounts, _ = parse_amounts(cell_list(column[:_FIRST]), form)
    return message, [None if np.isnan(one) else float(one) for one in amounts]


def _first_lines(sample: Batch, parsed: dict[str, Any]) -> list[dict[str, Any]]:
    start = sample.head(_FIRST)
    if not parsed:
        # No column is recognised, so the cells are shown as they are.
        parsed = {
            str(name): [None if is_missing(cell) else str(cell) for cell in cell_list(column)]
            for name, column in zip(start.names, start.cells, strict=True)
        }
    return [
        {"line": number}
        | {role: values[place] for role, values in parsed.items() if role != "line"}
        for place, number in enumerate(start.lines.tolist())
    ]


def _text_details(remarks: Sequence[str]) -> dict[str, str]:
    """Return the encoding and the delimiter out of the remark that names them."""
    for remark in remarks:
        if isinstance(remark, Message) and {"encoding", "mark"} <= set(remark.details):
            return {name: str(value) for name, value in remark.details.items()}
    return {}


def _command(path: str, options: dict[str, Any], last_day: date | None) -> list[str]:
    command = ["abcxyz", "classify", path]
    for name, value in options.items():
        if isinstance(value, (str, int)) and value != "":
            command += [f"--{name.replace('_', '-')}", str(value)]
    if last_day is not None:
        after = (last_day.replace(day=1) + timedelta(days=32)).replace(day=1)
        command += ["--as-of", after.isoformat()]
    return command
