"""Recognition of the shape of a table: the one of a line per sale, or another made into it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from attrs import evolve

from abcxyz.errors import InputError
from abcxyz.tables.layout.heading import roles_of_heading
from abcxyz.tables.layout.options import OFF, ShapeOptions
from abcxyz.tables.layout.several import UnitedTable
from abcxyz.tables.layout.sheet_table import is_unnamed
from abcxyz.tables.roles import REQUIRED, candidates
from abcxyz.tables.shapes.derived import DerivedTable
from abcxyz.tables.shapes.document_dates import dates_of_documents
from abcxyz.tables.shapes.fill_down import fill_groups, fill_named
from abcxyz.tables.shapes.groups import without_groups
from abcxyz.tables.shapes.months_across import months_across
from abcxyz.tables.shapes.named_parts import dated_by_names
from abcxyz.tables.shapes.outline import grouped_report
from abcxyz.tables.shapes.product import quantity_times_price
from abcxyz.tables.shapes.undated import on_one_day
from abcxyz.tables.shapes.year_month import year_and_month
from abcxyz.tables.table import MemoryTable, Table
from abcxyz.tables.values.totals import total_cells

__all__ = ["recognise_shape"]

_USED = (*REQUIRED, "document")

Named = Mapping[str, str | None]


def _recognise(
    table: Table,
    options: ShapeOptions,
    named: Named,
    *,
    titles: Sequence[str] = (),
    decimal: str | None = None,
    date_format: str | None = None,
    undated: date | None = None,
) -> Table:
    table = _with_document_dates(table, named)
    if options.fill_down not in (None, OFF):
        table = fill_named(table, options.fill_down or ())
    elif options.fill_down is None:
        table = fill_groups(table, _roles(table, named)) or table
    if options.melt != OFF and named.get("date") is None:
        found = None
        if options.melt is not None or "date" not in _roles(table, {**named, "amount": None}):
            found = months_across(
                table,
                options,
                titles=titles,
                amount=named.get("amount"),
                date_format=date_format,
            )
        if found is not None:
            return _months_of_customers(table, found, options, named) or found
    if named.get("date") is None:
        table = year_and_month(table) or table
    if "date" not in _roles(table, named):
        table = dated_by_names(table, titles) or table
    roles = _roles(table, named)
    if "amount" not in roles:
        table = quantity_times_price(table, decimal=decimal) or table
        roles = _roles(table, named)
    groups = options.fill_down != OFF and "amount" in roles
    if groups and not {"customer", "date"} <= {*roles}:
        # A heading such as "Period" may stand above customers and periods.
        column = roles.get("customer") or roles.get("date") or _unnamed_customers(table.columns)
        report = None
        if column is not None:
            report = grouped_report(table, column, roles["amount"], _is_total)
        if report is not None:
            return report
    if undated is None or "date" in roles or not {"customer", "amount"} <= {*roles}:
        return table
    if groups:
        table = without_groups(table, roles["customer"], [roles["amount"]], total_cells) or table
    return on_one_day(table, undated)


def _unnamed_customers(columns: Sequence[str]) -> str | None:
    """Return the first column of a report if its heading does not name other things."""
    first = str(columns[0])
    return first if "customer" in roles_of_heading(first) or is_unnamed(first) else None


def _with_document_dates(table: Table, named: Named) -> Table:
    roles = _roles(table, named)
    if "date" in roles or "document" not in roles:
        return table
    return dates_of_documents(table, roles["document"]) or table


def _months_of_customers(
    table: Table, found: Table, options: ShapeOptions, named: Named
) -> Table | None:
    """Return the months of the customers alone, where lines of the table are groups of others."""
    customer = _roles(found, named).get("customer")
    if customer is None or options.fill_down == OFF or not isinstance(found, DerivedTable):
        return None
    alone = without_groups(table, customer, list(found.needs), total_cells)
    return None if alone is None else evolve(found, source=alone)


def _roles(table: Table, named: Named) -> dict[str, str]:
    """Return role to column: those named, made by a shape, or of a usual heading."""
    roles = {role: column for role, column in named.items() if column in table.columns and column}
    for role, column in table.roles.items():
        roles.setdefault(role, column)
    for role in _USED:
        if role in roles:
            continue
        usual = [one for one in candidates(list(table.columns), role) if one not in roles.values()]
        if usual:
            roles[role] = usual[0]
    return roles


def _is_total(text: str) -> bool:
    return bool(total_cells([text])[0])


def recognise_shape(
    table: Table,
    options: ShapeOptions,
    named: Named,
    *,
    titles: Sequence[str] = (),
    decimal: str | None = None,
    date_format: str | None = None,
    undated: date | None = None,
) -> Table:
    """Return a table with one line per sale, made from a table of another shape.

    Parameters
    ----------
    table
        The table below its heading.
    options
        Options set by the user.
    named
        Role to the column named by the user, or None.
    titles
        Texts that may name the year of months: title lines, names of sheet and file.
    decimal
        Decimal mark of the amounts set by the user.
    date_format
        Format of the dates set by the user, which are headings where each month has a column.
    undated
        Day of the sales of a table that has sums per customer and no dates; None leaves it as it
        is.

    Returns
    -------
    Table
        Its remarks tell the shapes that were recognised, its ``roles`` the columns that they
        made.

    Raises
    ------
    InputError
        An option names an absent column, or a shape is recognised and cannot be read.
    """
    if len(set(table.columns)) < len(table.columns):
        return table  # refused where the columns are chosen
    shaped = _recognise(
        table,
        options,
        named,
        titles=titles,
        decimal=decimal,
        date_format=date_format,
        undated=undated,
    )
    read = {*_roles(shaped, named).values()}
    for origin in _origins(shaped):
        if isinstance(origin, DerivedTable):
            read.update(origin.needs)
        elif isinstance(origin, MemoryTable):
            _refuse_uncached(origin, read)
    return shaped


def _origins(table: Table) -> Iterator[Table]:
    """Yield a table and those that it is made of."""
    yield table
    if isinstance(table, DerivedTable):
        yield from _origins(table.source)
    elif isinstance(table, UnitedTable):
        for one in table.tables:
            yield from _origins(one)


def _refuse_uncached(table: MemoryTable, read: Collection[str]) -> None:
    """Raise an error if a column that is read holds formulas without a stored value."""
    for column, cell in table.uncached.items():
        if column in read:
            raise InputError(
                "the column {column!r} in {where} holds formulas whose values are not stored, "
                "such as {cell}; open the file in a spreadsheet, save it, and try again",
                column=column,
                where=table.where,
                cell=cell,
            )
